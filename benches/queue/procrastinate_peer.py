"""Enqueues and drains jobs by procrastinate; prints jobs a second as JSON.

Usage: python procrastinate_peer.py DATABASE_URL JOBS [CONCURRENCY]
"""

import asyncio
import json
import sys
import time

import procrastinate

PAYLOAD = {"order": 1, "customer": "Müller GmbH", "amount": "129.90", "lines": [1, 2, 3]}


async def main(url, jobs, concurrency):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=20))
    done = 0

    @app.task(name="order")
    async def order(**given):
        nonlocal done
        done += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for start in range(0, jobs, 5000):
            await order.batch_defer_async(*[PAYLOAD] * min(5000, jobs - start))
        enqueued = time.perf_counter() - began
        began = time.perf_counter()
        await app.run_worker_async(
            concurrency=concurrency, wait=False, listen_notify=False, install_signal_handlers=False,
            delete_jobs="always",
        )
        drained = time.perf_counter() - began
    assert done == jobs, (done, jobs)
    print(json.dumps({"enqueue": jobs / enqueued, "drain": jobs / drained}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20))
