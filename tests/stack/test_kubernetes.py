"""docs/kubernetes conforms to its schemas, refers to what exists, and gives no rights away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from control.stack.nginx import FILES, HEALTH
from tests.servers import SETTINGS
from tests.stack.parts import KUBERNETES, WORKLOADS, compose, manifests, pod_of

# The oldest version that waits before it ends a container without a feature gate.
VERSION = "1.34"
OBJECTS = manifests()
PODS = {each["metadata"]["name"]: pod_of(each) for each in OBJECTS if each["kind"] in WORKLOADS}
KUSTOMIZATION = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())


def named(kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


def containers() -> list[tuple[str, dict[str, Any]]]:
    """Return each container with the name of its workload."""
    return [
        (name, container) for name, pod in PODS.items() for container in pod["spec"]["containers"]
    ]


@pytest.mark.parametrize(
    "manifest", OBJECTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_manifest_conforms_to_the_schema_of_its_kind(manifest: dict[str, Any]) -> None:
    """Accept no unknown key and no value of another type."""
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_check_of_manifests_finds_a_mistake() -> None:
    """Find an unknown key, or the check would prove nothing."""
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"port": 1}}

    with pytest.raises(kubernetes_validate.ValidationError, match="port"):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_kustomization_names_every_file() -> None:
    """Leave out nothing but the templates of secrets; generate maps from files that exist."""
    files = {file.name for file in KUBERNETES.glob("*.yaml")}
    generated = [
        KUBERNETES / file
        for map in KUSTOMIZATION["configMapGenerator"]
        for file in map.get("files", ())
    ]

    assert set(KUSTOMIZATION["resources"]) == files - {"kustomization.yaml", "secrets.yaml"}
    assert [path for path in generated if not path.is_file()] == []
    assert {path.name for path in generated} >= {*FILES, "postgrest.conf"}


def test_edge_has_the_local_files_of_docker_compose() -> None:
    """Configure the edge in both in the same way; only there the image's user is stated."""
    document = yaml.safe_load((SETTINGS.root / "docker-compose.yml").read_text())
    edge = compose()["edge"]
    theirs = {
        Path(config["target"]).name: document["configs"][config["source"]]["content"]
        for config in edge["configs"]
    }
    ours = {path.name: path.read_text() for path in (KUBERNETES / "edge").iterdir()}

    # Nobody reads a log that stays in the Pod.
    del theirs["access_log.conf"]
    theirs["main.conf"] = theirs["main.conf"].replace("user nginx;\n", "")
    assert ours == theirs


def test_images_are_those_of_docker_compose() -> None:
    """Name the same versions."""
    services = compose()
    theirs = {service["image"] for service in services.values()}

    assert {container["image"] for _, container in containers()} <= theirs


def test_no_container_has_a_right_it_does_not_need() -> None:
    """Run as a user, with a root that nobody writes to, and ask nothing of Kubernetes."""
    for_all = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }

    assert [name for name, each in containers() if each["securityContext"] != for_all] == []
    for name, pod in PODS.items():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] and context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["automountServiceAccountToken"] is False, name


def test_every_container_has_a_request_and_a_limit() -> None:
    """State what the scheduler needs, and a limit of memory."""
    without = [
        name
        for name, each in containers()
        if set(each["resources"]["requests"]) != {"cpu", "memory"}
        or "memory" not in each["resources"]["limits"]
    ]

    assert without == []


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Yield the maps and secrets that a pod refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("configMapRef", "configMap"):
                yield "map", value["name"]
            elif key == "secretRef":
                yield "secret", value["name"]
            elif key == "secret":
                yield "secret", value["secretName"]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_pods_refer_to_maps_and_secrets_that_are_described() -> None:
    """Use each map and each template of a secret, and no other."""
    described = {("map", each["name"]) for each in KUSTOMIZATION["configMapGenerator"]}
    described |= {("secret", name) for name in named("Secret")}

    assert set(references(list(PODS.values()))) == described


def test_templates_of_secrets_have_no_value() -> None:
    """Commit no secret, and no password that everybody knows."""
    values = [value for each in named("Secret").values() for value in each["stringData"].values()]

    assert set(values) == {""}


def test_secrets_reach_only_who_needs_them() -> None:
    """Give the keys that sign to workers, the identity of backups to the drill, and so on."""
    holders: dict[str, set[str]] = {}
    for name, pod in PODS.items():
        for kind, target in references(pod):
            if kind == "secret":
                holders.setdefault(target, set()).add(name)

    assert holders.pop("control") == set(PODS) - {"edge", "postgrest"}
    assert holders == {
        "postgrest": {"postgrest"},
        "jwks": {"postgrest"},
        "keys": {"worker"},
        "mails": {"mails"},
        "vault": {"backup", "archive", "drill"},
        "archive": {"archive", "drill"},
        "identity": {"drill"},
    }


def test_only_the_edge_reaches_postgrest() -> None:
    """Deny everything first; open the API's port to the edge, and the admin port to nobody."""
    policies = {name: each["spec"] for name, each in named("NetworkPolicy").items()}
    nobody = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    to_postgrest = [
        rule
        for spec in policies.values()
        if spec["podSelector"].get("matchLabels") == {"part": "postgrest"}
        for rule in spec.get("ingress", ())
    ]

    assert policies["nobody"] == nobody
    assert to_postgrest == [
        {"from": [{"podSelector": {"matchLabels": {"part": "edge"}}}], "ports": [{"port": 3000}]}
    ]
    assert [port["port"] for port in named("Service")["postgrest"]["spec"]["ports"]] == [3000]


def test_only_postgrest_and_the_control_plane_reach_the_database() -> None:
    """Open its port to these, and give every pod the labels that the policies name."""
    open_to = [
        spec["podSelector"].get("matchLabels")
        for spec in (each["spec"] for each in named("NetworkPolicy").values())
        for rule in spec.get("egress", ())
        if 5432 in [port["port"] for port in rule.get("ports", ())] or "ports" not in rule
    ]
    labels = {name: pod["metadata"]["labels"] for name, pod in PODS.items()}

    assert open_to == [{"part": "postgrest"}, {"plane": "control"}]
    assert labels == {
        name: {"part": name} | ({} if name in ("edge", "postgrest") else {"plane": "control"})
        for name in PODS
    }


@pytest.mark.parametrize("name", ["edge", "postgrest"])
def test_requests_go_on_while_pods_are_replaced(name: str) -> None:
    """Have a second pod, probes, a budget, and a wait before a container is told to end."""
    spec = named("Deployment")[name]["spec"]
    pod = PODS[name]["spec"]
    [container] = pod["containers"]
    wait = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert spec["replicas"] > named("PodDisruptionBudget")[name]["spec"]["minAvailable"] == 1
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert {"readinessProbe", "livenessProbe"} <= set(container)
    assert pod["terminationGracePeriodSeconds"] > wait > 0


def test_probes_ask_what_answers() -> None:
    """Ask the edge for the path that it answers itself, PostgREST on the port of its file."""
    [edge], [api] = (PODS[name]["spec"]["containers"] for name in ("edge", "postgrest"))
    settings = (SETTINGS.root / "postgrest.conf").read_text()
    ports = {port["name"]: port["containerPort"] for port in api["ports"]}

    assert edge["readinessProbe"]["httpGet"] == {"path": HEALTH, "port": "http"}
    assert re.findall(r"^(?:admin-)?server-port = (\d+)$", settings, re.MULTILINE) == [
        str(ports["api"]),
        str(ports["admin"]),
    ]
    assert api["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "admin"}


def test_worker_has_time_for_its_grace() -> None:
    """Kill it only after the time that its jobs have to end."""
    pod = PODS["worker"]["spec"]
    [grace] = re.findall(r"--grace=(\d+)m", " ".join(pod["containers"][0]["command"]))

    assert pod["terminationGracePeriodSeconds"] > int(grace) * 60
