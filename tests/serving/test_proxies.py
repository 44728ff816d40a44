"""README: the proxies of docs/proxy.md, as they stand there, in front of the real server. Skipped where one is not installed."""

from __future__ import annotations

import base64
import hmac
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, Copies, psycopg_url
from tests.conversations.chat import SECRET
from tests.factories import line_user_id
from tests.faults.serving import Server, _english, serving
from tests.serving.test_strangers import until_ready

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")]
HOST = "club.example.com"


def example(language: str) -> str:
    """The example of docs/proxy.md."""
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "docs" / "proxy.md").read_text(), re.DOTALL)
    assert found
    return found[1]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate nobody signed, and its key."""
    made, key = folder / "made.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


def nginx(folder: Path, port: int, behind: int) -> list[str]:
    """The command that runs the example on another port, with this certificate."""
    made, key = certificate(folder)
    site = example("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace(":8000", f":{behind}")
    site = re.sub(r"ssl_certificate .*", f"ssl_certificate {made};", site)
    site = re.sub(r"ssl_certificate_key .*", f"ssl_certificate_key {key};", site)
    places = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ access_log off; {places}\n{site}\n}}"
    (folder / "nginx.conf").write_text(whole)
    return ["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off; user root;"]


def caddy(folder: Path, port: int, behind: int) -> list[str]:
    """Likewise; a certificate of its own making, as nobody can fetch one for an example."""
    made, key = certificate(folder)
    site = example("caddy").replace(f"{HOST} {{", f"https://{HOST}:{port} {{\n    tls {made} {key}")
    site = site.replace(":8000", f":{behind}")
    (folder / "Caddyfile").write_text(f"{{\n    admin off\n    auto_https disable_redirects\n}}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def proxied(name: str, folder: Path, server: Server) -> Iterator[str]:
    """The proxy in front of the server: its https address."""
    port = free_port()
    command = {"nginx": nginx, "caddy": caddy}[name](folder, port, server.port)
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "proxy.log").read_text()
                time.sleep(0.1)
        yield f"https://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_the_proxies_of_the_documentation_work_as_written(
    name: str, server_url: str, copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signed webhook arrives whole, the console is there, large bodies are refused by the route's limit, metrics hide."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed here")
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1" if host == HOST else host, *rest, **more)
    )
    database = copies.take()
    (tmp_path / "bot").mkdir()
    with serving(psycopg_url(server_url, database), "http://127.0.0.1:1", tmp_path / "bot") as server:
        until_ready(server)
        with proxied(name, tmp_path, server) as url:
            body = json.dumps({"destination": "U" + "0" * 32, "events": [_english(line_user_id())]}).encode()
            signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
            place = server.url.partition(str(server.port))[2]
            sent = requests.post(
                f"{url}{place}", body, headers={"x-line-signature": signature}, verify=False, timeout=20
            )
            assert sent.status_code == 200
            assert requests.get(f"{url}/console/sign-in", verify=False, timeout=20).status_code == 200
            assert requests.get(f"{url}/metrics", verify=False, timeout=20).status_code == 404
            large = requests.post(f"{url}/console/sign-in", b"x" * 3_000_000, verify=False, timeout=20)
            assert large.status_code == 413
            assert "16 kB" in large.text
    copies.give_back(database)
