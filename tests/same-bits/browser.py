"""The page of the wasm rows in a browser without a screen: a server on this machine that takes the result.

run(program, folder, scratch, [simd, network...]) returns what the page printed. The browser gets a profile of its own in
`scratch`, and nothing but this machine to talk to.
"""
import functools
import http.server
import json
import os
import queue
import subprocess
import threading

from failure import Failure

PAGE = """<!doctype html><meta charset="utf-8"><title>same bits</title><script type="module">
const send = (text) => fetch("/result", { method: "POST", body: text });
try {
  const { all } = await import("/same_bits.mjs");
  await send(await all(location.origin, %s, %s));
} catch (error) {
  await send(`error page ${error.message}`);
}
</script>"""
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--proxy-server=127.0.0.1:9",
            "--proxy-bypass-list=127.0.0.1"]
FIREFOX = {
    "app.normandy.enabled": False, "app.update.enabled": False, "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False, "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False, "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "network.proxy.type": 1, "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1", "termsofuse.bypassNotification": True, "toolkit.telemetry.enabled": False,
}
PATIENCE = 240  # seconds


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the folder, the page as /, and puts what is posted into `results`."""
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def __init__(self, page, results, *args, **more):
        self.page, self.results = page, results
        super().__init__(*args, **more)

    def do_GET(self):  # noqa: N802 (the name is the library's)
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        return self.wfile.write(self.page.encode())

    def do_POST(self):  # noqa: N802
        self.results.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def words_of(program, profile, address):
    """The command that opens the address in the browser, with a fresh profile."""
    if "firefox" not in program:
        return [program, *CHROMIUM, f"--user-data-dir={profile}", address]
    os.makedirs(profile)
    with open(os.path.join(profile, "user.js"), "w", encoding="utf-8") as file:
        file.writelines(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in FIREFOX.items())
    return [program, "--headless", "--no-remote", "--profile", profile, address]


def run(program, folder, scratch, words):
    return serve(program, folder, scratch, PAGE % (words[0], json.dumps(words[1:])))


def serve(program, folder, scratch, page):
    """Serves `folder` and the page, whose POST is the result."""
    results = queue.Queue()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, page, results, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    process = None
    try:
        process = subprocess.Popen(words_of(program, os.path.join(scratch, "profile"), address), cwd=scratch,
                                   env={**os.environ, "HOME": scratch}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return results.get(timeout=PATIENCE)
    except FileNotFoundError as error:
        raise Failure(f"{program} is missing (tests/run --all installs it)") from error
    except queue.Empty as error:
        raise Failure(f"{program}: no result in {PATIENCE} seconds") from error
    finally:
        if process:
            process.terminate()
            process.wait()
        server.shutdown()
        server.server_close()
