"""The Helm chart: rendered by Go's own templates with many values, it gives objects that fit together."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from indelible.config import ServerSettings
from tests.deploy.known import DEPLOY, check_command, check_setting, load_yaml, load_yamls
from tests.interop.go_program import find_go

CHART = DEPLOY / "helm" / "indelible"
SOURCE = Path(__file__).resolve().parents[1] / "interop" / "helm"

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "first installation": {"init": {"enabled": True, "origin": "audit.example.com/main"}},
    "tls": {"tls": {"secretName": "indelible-tls"}},
    "settings": {
        "settings": {
            "server": {"max_body": "16 MiB", "metrics_public": True, "threads": 8},
            "log": {"publish_interval": 0.5},
            "readiness": {"index_lag": 12_345_678},
            "logging": {"format": "text"},
        }
    },
    "everything": {
        "init": {"enabled": True, "origin": "a/b"},
        "tls": {"secretName": "t"},
        "imagePullSecrets": [{"name": "p"}],
        "serviceMonitor": {"enabled": True, "tokenSecretName": "s", "labels": {"release": "x"}},
        "persistence": {"size": "1Ti", "storageClassName": "fast", "annotations": {"a": "b"}},
        "service": {"type": "LoadBalancer", "annotations": {"c": "d"}},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "podAnnotations": {"e": "f"},
        "podLabels": {"g": "h"},
        "priorityClassName": "high",
    },
}


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built program of tests/interop/helm."""
    binary = tmp_path_factory.mktemp("helm") / "render"
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    subprocess.run([find_go(), "build", "-o", str(binary), "."], cwd=SOURCE, env=environment, check=True)
    return binary


def merged(base: Any, more: Any) -> Any:
    """Values as Helm merges them: tables key by key, everything else as a whole."""
    if not isinstance(base, dict) or not isinstance(more, dict):
        return more
    return {**base, **{key: merged(base.get(key), value) for key, value in more.items()}}


def values(more: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = merged(load_yaml((CHART / "values.yaml").read_text("utf-8")), more)
    return found


def render(renderer: Path, more: dict[str, Any]) -> dict[str, str]:
    chart = load_yaml((CHART / "Chart.yaml").read_text("utf-8"))
    task = {
        "Templates": {path.name: path.read_text("utf-8") for path in (CHART / "templates").iterdir()},
        "Context": {
            "Values": values(more),
            "Chart": {"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
            "Release": {"Name": "audit", "Namespace": "security", "Service": "Helm"},
        },
    }
    done = subprocess.run([renderer], input=json.dumps(task), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rendered: dict[str, str] = json.loads(done.stdout)
    return rendered


@pytest.fixture(params=VARIANTS, scope="module")
def objects(request: pytest.FixtureRequest, renderer: Path) -> dict[str, Any]:
    """The rendered objects by kind, of one set of values."""
    rendered = render(renderer, VARIANTS[request.param])
    assert "indelible" in rendered.pop("NOTES.txt")
    found = {each["kind"]: each for text in rendered.values() for each in load_yamls(text)}
    assert {"StatefulSet", "Service", "ServiceAccount"} <= set(found) <= {*found, "ServiceMonitor"}
    return found


def test_chart_objects_belong_together(objects: dict[str, Any]) -> None:
    """One name, labels that selectors match, ports that are there, volumes that are mounted."""
    names = {each["metadata"]["name"] for each in objects.values()}
    assert names == {"audit-indelible"}
    workload, service = objects["StatefulSet"]["spec"], objects["Service"]["spec"]
    labels = workload["template"]["metadata"]["labels"]
    assert workload["selector"]["matchLabels"].items() <= labels.items()
    assert service["selector"].items() <= labels.items()
    pod = workload["template"]["spec"]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert [each["targetPort"] for each in service["ports"]] == [port["name"]]
    volumes = {each["name"] for each in (*pod["volumes"], *(t["metadata"] for t in workload["volumeClaimTemplates"]))}
    for each in (container, *pod.get("initContainers", [])):
        assert {mount["name"] for mount in each["volumeMounts"]} <= volumes
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == port["name"]
    if monitor := objects.get("ServiceMonitor"):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= objects["Service"]["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] == service["ports"][0]["name"]


def test_chart_runs_one_writer_that_is_not_deleted_with_it(objects: dict[str, Any]) -> None:
    """One pod, a volume that only one pod may have, and that outlives the chart; and time to drain."""
    spec = objects["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert set(spec["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > ServerSettings().drain_timeout


def test_chart_confines_its_pods(objects: dict[str, Any]) -> None:
    """The restricted Pod Security Standard, a root file system that cannot be written, no token of the cluster."""
    pod = objects["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["containers"], *pod.get("initContainers", [])):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_chart_sets_only_what_there_is(objects: dict[str, Any]) -> None:
    """Every variable is a setting once, its value can be read, and the commands can be parsed."""
    (container,) = objects["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    check_command(container["args"])
    names = [each["name"] for each in container["env"]]
    assert len(names) == len(set(names))
    for each in container["env"]:
        assert isinstance(each["value"], str)
        check_setting(each["name"], each["value"])


def test_chart_creates_nothing_unless_asked(objects: dict[str, Any]) -> None:
    """A volume that was lost must not become a new log by itself; and no key is printed to a pod's log."""
    containers = objects["StatefulSet"]["spec"]["template"]["spec"].get("initContainers", [])
    assert ("init" in json.dumps(containers)) == bool(containers)
    for container in containers:
        script = container["command"][-1]
        assert script.index("exit 0") < script.index("umask 077") < script.index("indelible init")
        assert "> /var/lib/indelible/first-admin-key.json" in script


def test_chart_by_default_has_no_init_container(renderer: Path) -> None:
    """As the test above needs it."""
    assert "initContainers" not in render(renderer, {})["statefulset.yaml"]
    assert "initContainers" in render(renderer, VARIANTS["first installation"])["statefulset.yaml"]


@pytest.mark.parametrize("name", VARIANTS)
def test_chart_schema_takes_what_is_documented(name: str) -> None:
    """The values that the tests render are valid, so Helm takes them."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(values(VARIANTS[name]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicas": 2},
        {"init": {"enabled": True}},
        {"init": {"enabled": True, "origin": "with space"}},
        {"settings": {"server": {"listen": "0.0.0.0:80"}}},
        {"settings": {"Server": {}}},
        {"settings": {"server": {"max_body": ["16 MiB"]}}},
        {"persistence": {"size": "20GB"}},
        {"service": {"port": 0}},
        {"terminationGracePeriodSeconds": 5},
    ],
    ids=json.dumps,
)
def test_chart_schema_refuses_what_cannot_work(wrong: dict[str, Any]) -> None:
    """A typing mistake is found by `helm install`, not by a pod that does not start."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert not jsonschema_rs.validator_for(schema).is_valid(values(wrong))
