"""Calls `run(settings, casare)` of a node's file; speaks JSON lines with Casare."""
import importlib.util, json, os, sys, traceback

answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
# What the node or a library prints is no message.
os.dup2(2, 1)


def say(**message):
    answers.write(json.dumps(message, allow_nan=False) + "\n")


class Failure(Exception):
    def __init__(self, message, kind="invalid", help=None):
        super().__init__(message)
        self.told = {"message": str(message), "kind": kind, "help": help}


class Casare:
    def __init__(self, order):
        self.node = order["node"]
        self.step = order["step"]
        self.credentials = order["credentials"]

    def log(self, message, level="info"):
        say(log={"message": str(message), "level": level})

    def progress(self, done, total=None):
        say(progress={"done": done, "total": total})

    def fail(self, message, kind="invalid", help=None):
        raise Failure(message, kind, help)

    def path(self, name):
        return os.path.join(self.step["folder"], name)


class Printed:
    def __init__(self):
        self.rest = ""

    def write(self, text):
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if line:
                say(log={"message": line})

    def flush(self):
        pass


def main():
    order = json.loads(sys.stdin.readline())
    file = sys.argv[1]
    sys.stdout = Printed()
    sys.path.insert(0, os.path.dirname(file))
    try:
        spec = importlib.util.spec_from_file_location("node", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        outputs = module.run(order["settings"], Casare(order))
        say(outputs={} if outputs is None else outputs)
    except Failure as failure:
        say(error=failure.told)
    except Exception as error:
        trace = traceback.extract_tb(error.__traceback__)
        place = next((f" (line {at.lineno})" for at in reversed(trace) if at.filename == file), "")
        message = f"{type(error).__name__}: {error}{place}"
        say(error={"message": message, "details": {"traceback": traceback.format_exc()}})


main()
