"""An SMTP server that delivers into Maildirs, and the place where OAuth2 tokens are looked at."""

import base64
import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

mails, user, password, token, owner = sys.argv[1:6]
certificate, key = sys.argv[6:8]
starttls_port, tls_port, token_port = map(int, sys.argv[8:11])
count = 0


def deliver(name, content):
    global count
    count += 1
    folder = os.path.join(mails, name)
    file = f"{time.time_ns()}.{count}.test"
    path = os.path.join(folder, "tmp", file)
    with open(path, "wb") as out:
        out.write(content)
    if owner != "-":
        os.chown(path, int(owner), int(owner))
    os.rename(path, os.path.join(folder, "new", file))


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if not os.path.isdir(os.path.join(mails, address.split("@")[0])):
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        for address in envelope.rcpt_tos:
            deliver(address.split("@")[0], envelope.content)
        return "250 taken"

    async def auth_XOAUTH2(self, server, args):
        fields = base64.b64decode(args[1]).decode().split("\x01")
        if fields[:2] == [f"user={user}", f"auth=Bearer {token}"]:
            return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False)


def authenticate(server, session, envelope, mechanism, data):
    fits = (data.login, data.password) == (user.encode(), password.encode())
    return AuthResult(success=fits, handled=False)


class Tokens(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        given = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get("token", [""])[0]
        known = given == token
        body = json.dumps({"active": True, "email": user} if known else {"error": "invalid_token"})
        self.send_response(200 if known else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)
tokens = http.server.ThreadingHTTPServer(("127.0.0.1", token_port), Tokens)
threading.Thread(target=tokens.serve_forever, daemon=True).start()
settings = dict(hostname="127.0.0.1", authenticator=authenticate, auth_required=True)
# Behind implicit TLS the library does not see that the connection is encrypted.
inside = Controller(Handler(), port=tls_port, ssl_context=tls, auth_require_tls=False, **settings)
inside.start()
outside = Controller(Handler(), port=starttls_port, tls_context=tls, auth_require_tls=True, **settings)
outside.start()
threading.Event().wait()
