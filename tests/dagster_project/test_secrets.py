"""A canary: no secret is in anything that a run writes, when a source fails with the secret in its error."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import REPOSITORY
from tests.conftest import Installation

ENVIRONMENT, FILE = "canary-9f2e'7c\"aa/of+env", "canary-41dd-of-the-file"

# A source behind a server that refuses us: a real connection, a real error, the secret in its address.
RUN = """
import sys, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
import os, tomllib
from urllib.parse import quote

class Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(403, "no entry for " + self.path)
    def log_message(self, *arguments):
        pass

server = HTTPServer(("127.0.0.1", 0), Refusing)
Thread(target=server.serve_forever, daemon=True).start()

import logging
import dagster as dg
from dataclasses import replace
from pipelines import kinds

spec = kinds.kind_spec("ecb")
password = tomllib.loads(open(os.environ["DLT_PROJECT_DIR"] + "/.dlt/secrets.toml").read())["sources"]["erp"]["password"]

def read(file, instance):
    token = os.environ["ERP_API_TOKEN"]
    address = f"http://127.0.0.1:{server.server_port}/orders?key={quote(token, safe='')}"
    logging.getLogger("erp").error("reading %s with %s", address, token)
    try:
        urllib.request.urlopen(address, timeout=10)
    except OSError as error:
        raise RuntimeError(f"{error}: {address} (token {token!r}, user erp:{password}@host)") from error
    yield

failing = replace(spec, read=read, read_many=None)
real = kinds.kind_spec
import dagster_project.extraction.assets as assets, pipelines.loading as loading
for module in (assets, loading):
    module.kind_spec = lambda kind: failing if kind == "ecb" else real(kind)

import dagster_project.definitions as definitions
from dagster_project.certificate.assets import certifying
from dagster_project.operations import Operations
from dagster_project.run_config import CloseConfig
from pipelines.config import read_configuration

def only_rates(settings):
    configuration = read_configuration(settings.sources_file)

    @dg.asset
    def broken():
        raise ValueError(f"defect with {os.environ['ERP_API_TOKEN']} and {password}")

    changes, _ = certifying(configuration, settings, Operations())
    job = dg.define_asset_job("nightly_close", selection=dg.AssetSelection.all())
    rates = assets.extraction("ecb", configuration, settings)
    return dg.Definitions(
        assets=[rates, changes, broken], jobs=[job], resources={"close": CloseConfig()},
        executor=dg.in_process_executor,
    )

definitions.build_defs = only_rates
from dagster_project.cli import app
app(["run", "--as-of", "2026-06-30"])
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[bytes]]:
    home = tmp_path_factory.mktemp("secrets")
    project = home / "project"
    (project / ".dlt").mkdir(parents=True)
    (project / ".dlt" / "secrets.toml").write_text(
        f'[sources.erp]\nhost = "localhost"\npassword = "{FILE}"\n'
    )
    (home / "landing" / "ecb").mkdir(parents=True)
    (home / "landing" / "ecb" / "eurofxref-hist.csv").write_text("Date,USD,\n2026-06-30,1.1,\n")
    environment = {
        **Installation(home).environment,
        "ERP_API_TOKEN": ENVIRONMENT,
        "DLT_PROJECT_DIR": str(project),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=REPOSITORY, env=environment, capture_output=True, timeout=600
    )
    return home, done


def spellings(secret: str) -> list[bytes]:
    from pipelines.redaction import _spellings

    return [spelling.encode() for spelling in _spellings(secret)]


def test_the_source_failed_and_the_run_says_which(failed) -> None:
    _, done = failed
    told = (done.stdout + done.stderr).decode()
    assert done.returncode == 1, told
    assert "defect with [hidden] and [hidden]" in told


def test_the_failure_is_kept_with_its_reason(failed) -> None:
    home, _ = failed
    kept = (home / "warehouse" / "ecb.failures.json").read_text()
    assert "HTTP Error 403" in kept and "[hidden]" in kept
    assert "reading http://127.0.0.1" in (home / "logs" / "run.log").read_text()


@pytest.mark.parametrize("secret", [ENVIRONMENT, FILE])
def test_no_secret_is_on_the_terminal(failed, secret: str) -> None:
    _, done = failed
    assert not [one for one in spellings(secret) if one in done.stdout + done.stderr]


@pytest.mark.parametrize("secret", [ENVIRONMENT, FILE])
def test_no_secret_is_in_any_file_that_the_run_wrote(failed, secret: str) -> None:
    home, _ = failed
    written = [
        path for path in home.rglob("*") if path.is_file() and "project" not in path.relative_to(home).parts
    ]
    assert any("history" in path.parts for path in written), "the run history is not where it is looked for"
    leaks = [
        (path.relative_to(home), one)
        for path in written
        for one in spellings(secret)
        if one in path.read_bytes()
    ]
    assert leaks == []
