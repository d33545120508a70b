"""Enqueues and drains jobs by pgqueuer; prints jobs a second as JSON.

Usage: python pgqueuer_peer.py DATABASE_URL JOBS [BATCH]
"""

import asyncio
import json
import sys
import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

PAYLOAD = json.dumps({"order": 1, "customer": "Müller GmbH", "amount": "129.90", "lines": [1, 2, 3]}).encode()


async def main(url, jobs, batch):
    connection = await asyncpg.connect(url)
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    began = time.perf_counter()
    for start in range(0, jobs, 5000):
        count = min(5000, jobs - start)
        await queries.enqueue(["order"] * count, [PAYLOAD] * count, [0] * count)
    enqueued = time.perf_counter() - began

    async def work():
        done = 0
        own = await asyncpg.connect(url)
        pgq = PgQueuer.from_asyncpg_connection(own)

        @pgq.entrypoint("order")
        async def order(job):
            nonlocal done
            done += 1

        await pgq.qm.run(batch_size=batch, mode=QueueExecutionMode.drain)
        await own.close()
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(work(), work()))
    drained = time.perf_counter() - began
    assert done == jobs, (done, jobs)
    await connection.close()
    print(json.dumps({"enqueue": jobs / enqueued, "drain": jobs / drained}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 100))
