"""nginx with TLS in front of a registry, its certificate signed by a CA that only the test knows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry_assets_tests.servers.certificates import make_authority, make_identity
from registry_assets_tests.servers.docker_registry import RunningRegistry
from registry_assets_tests.servers.programs import find_program, free_port, running

CONFIGURATION = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
      proxy_pass {upstream};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


@contextmanager
def tls_proxy(folder: Path, upstream: RunningRegistry) -> Iterator[RunningRegistry]:
    """The same registry over https."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    authority = make_authority()
    ca, _ = authority.write(folder, "ca")
    certificate, key = make_identity(authority).write(folder, "server")
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    settings = {"folder": folder, "port": port, "certificate": certificate, "key": key, "user": user}
    file.write_text(CONFIGURATION.format(upstream=upstream.url, **settings))
    command = [find_program("nginx", "nginx-light"), "-c", str(file), "-p", str(folder), "-e", "stderr"]
    with running(command, folder / "nginx.log", port):
        yield RunningRegistry(f"https://127.0.0.1:{port}", upstream.username, upstream.password, ca)
