"""An FTP server with one login, for tests: port, folder, user, password, and faults to have.

cut     the first transfer in each direction breaks after 100,000 bytes
hostile lists name a file outside of the folder
"""

import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

port, folder, user, password, faults = sys.argv[1:6]


class Line(DTPHandler):
    """Breaks the first transfer in each direction."""

    left = {"in": 1, "out": 1}

    def broken(self, direction):
        total = self.tot_bytes_received if direction == "in" else self.tot_bytes_sent
        if "cut" in faults and self.left[direction] and total >= 100_000:
            self.left[direction] -= 1
            # As when the server dies: neither side hears a goodbye.
            self.cmd_channel.close()
            return True
        return False

    def handle_read(self):
        super().handle_read()
        if self.receive and not self._closed:
            self.broken("in")

    def handle_write(self):
        super().handle_write()
        if not self.receive and not self._closed:
            self.broken("out")


class Handler(FTPHandler):
    dtp_handler = Line
    use_sendfile = False


if "hostile" in faults:
    from pyftpdlib import filesystems

    class Hostile(filesystems.AbstractedFS):
        def format_mlsx(self, *args, **kwargs):
            yield b"type=file;size=4;modify=20260101000000; ../../evil.txt\r\n"
            yield b"type=file;size=4;modify=20260101000000; ..\\evil.txt\r\n"
            yield from super().format_mlsx(*args, **kwargs)

    Handler.abstracted_fs = Hostile

os.makedirs(folder, exist_ok=True)
Handler.authorizer = DummyAuthorizer()
Handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
Handler.auth_failed_timeout = 0
FTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
