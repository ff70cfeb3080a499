"""Deployments for tests: one that is typical, and a strategy for any."""

from types import MappingProxyType

from hypothesis import strategies as st
from msgspec import structs

from jettison.harden import model
from jettison.harden.emit import emit
from jettison.image.config import ImageConfig, RunConfig
from jettison.layers.changes import Changes, Node
from jettison.layers.entry import Kind
from jettison.layers.merge import MergedTree
from jettison.observe.evidence import Evidence, ImageIdentity

CONFIG = ImageConfig("amd64", "linux", (), config=RunConfig(env=("PATH=/usr/bin:/bin",)))
EVIDENCE = Evidence(image=ImageIdentity("shop/web:1", "sha256:" + "0" * 64, "linux/amd64"))
MIB = 1 << 20


def tree(*nodes: Node) -> MergedTree:
    """The file system with these nodes; the folders above them belong to root."""
    have = {node.path for node in nodes}
    above = {node.path.rpartition(b"/")[0] for node in nodes}
    implied = sorted(
        {b"/".join(path.split(b"/")[: n + 1]) for path in above if path for n in range(9)} - have
    )
    return MergedTree([Changes(nodes=list(nodes), implied=implied)])


def node(path: str, kind: Kind = Kind.FILE, **more: object) -> Node:
    defaults = {"mode": 0o755, "uid": 0, "gid": 0, "size": 0, "mtime_ns": 0}
    return Node(path=path.encode(), kind=kind, **(defaults | more))


def number(value: int) -> model.Number:
    return model.Number(value, f"measured {value}")


def storage(path: str, kind: model.StorageKind, medium: model.Medium, **more: object) -> model.Storage:
    defaults = {"because": f"{path} was written", "size_bytes": 16 * MIB, "uid": 101, "gid": 101}
    return model.Storage(path=path, kind=kind, medium=medium, **(defaults | more))


TMP = storage("/tmp", model.StorageKind.TEMPORARY, model.Medium.TMPFS, mode=0o1777)
DATA = storage("/srv/data", model.StorageKind.DATA, model.Medium.VOLUME)


def settings(**more: object) -> model.Settings:
    return structs.replace(
        model.Settings(
            seccomp=model.Seccomp(
                names=("clone", "execve", "personality", "read", "socket", "write"),
                used=("execve", "read", "write"),
                because="3 runs",
                families=(1, 2, 10),
            ),
            capabilities=(),
            no_new_privileges=model.Decision(True, "nothing gained any"),
            run_as=model.RunAs(101, 101, "passed as 101"),
            read_only_root=model.Decision(True, "passed"),
            storage=(TMP,),
            memory_bytes=number(96 * MIB),
            memory_request_bytes=number(64 * MIB),
            cpu_millis=number(120),
            pids=number(64),
            open_files=number(1024),
            shm_bytes=number(64 * MIB),
        ),
        **more,
    )


def deployment(
    *, service=MappingProxyType({}), life=MappingProxyType({}), operations=MappingProxyType({}), **more
):
    """A web service on port 8080 that keeps nothing; `more` are other settings."""
    base = {"name": "web", "image": "shop/web:1", "ports": (model.Port(8080, "tcp", "it listens", "http"),)}
    ready = model.Probe(kind="http", because="answers 200", port=8080, path="/ready")
    return model.Deployment(
        service=model.Service(**(base | dict(service))),
        settings=settings(**more),
        operations=model.Operations(**({"readiness": ready, "liveness": ready} | dict(operations))),
        life=model.Life(
            **({"batch": False, "start_seconds": 0.4, "stop_seconds": 0.2, "exit_code": 0} | dict(life))
        ),
    )


def files(deployed: model.Deployment, evidence: Evidence = EVIDENCE, image: MergedTree | None = None, **more):
    """What is emitted for it."""
    return emit(deployed, evidence, CONFIG, image or tree(), **more)


FOLDER = model.Mounted(path="/data", source="/home/me/in", kind=model.MountKind.FOLDER)
FILE = model.Mounted(
    path="/etc/web.conf", source="/home/me/web.conf", kind=model.MountKind.FILE, read_only=True
)
SOCKET = model.Mounted(path="/run/other.sock", source="/run/other.sock", kind=model.MountKind.SPECIAL)

AWKWARD = [
    *(
        "no",
        "on",
        "~",
        "1e3",
        "0x10",
        "08",
        "2001-01-01",
        "1:30",
        "- a",
        "# a",
        "a: b",
        "a #b",
        "",
        "=",
        "<<",
    ),
    *("$X", "$$", "$(A)", "$$(A)", "${A:?x}", "%n", '"', "'", "\\", "---", "...", "&a", "*a", "!x", "|", ">"),
    *("a\nb", "a\tb", "\u2028", "\x85", "\ufeff", "@", "`", "{a}", "[a]", " a", "a ", "é", "日本", "😀"),
]
# Whatever stands in an image or on a command line: everything but NUL, which no process can have.
hostile = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
variables = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
_names = st.characters(exclude_characters="\0/", exclude_categories=["Cs", "Cc", "Zl", "Zp"])
paths = st.lists(
    st.text(_names, min_size=1, max_size=12)
    .filter(lambda name: name not in (".", "..")),
    min_size=1,
    max_size=3,
).map(lambda parts: "/" + "/".join(parts))  # fmt: skip
sizes = st.integers(1, 1 << 40)
numbers = st.builds(model.Number, sizes, hostile)
small = st.builds(model.Number, st.integers(1, 1 << 20), hostile)
decisions = st.builds(model.Decision, st.booleans(), hostile)
ids = st.integers(0, 65535)
storages = st.lists(
    st.builds(
        model.Storage,
        path=paths,
        kind=st.sampled_from(model.StorageKind),
        medium=st.sampled_from(model.Medium),
        because=hostile,
        size_bytes=sizes,
        uid=ids,
        gid=ids,
        mode=st.sampled_from([0o700, 0o750, 0o755, 0o1777]),
        seeded=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda each: each.path,
).map(tuple)
mounts = st.lists(
    st.builds(
        model.Mounted,
        path=paths.map("/mnt{}".format),
        source=paths,
        kind=st.sampled_from(model.MountKind),
        read_only=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda each: each.path,
).map(tuple)
probes = st.one_of(
    st.none(),
    st.builds(
        model.Probe,
        kind=st.sampled_from(["http", "https", "tcp"]),
        because=hostile,
        port=st.integers(1, 65535),
        path=st.just("/") | hostile.map("/{}".format),
    ),
    st.builds(
        model.Probe,
        kind=st.just("exec"),
        because=hostile,
        command=st.lists(hostile, min_size=1, max_size=3).map(tuple),
    ),
)
ports = st.lists(
    st.builds(
        model.Port,
        number=st.integers(1, 65535),
        protocol=st.sampled_from(["tcp", "udp"]),
        because=hostile,
        loopback=st.booleans(),
    ),
    max_size=4,
).map(tuple)
capabilities = st.lists(
    st.builds(
        model.Capability,
        name=st.sampled_from(["CAP_CHOWN", "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]),
        because=hostile,
        start_only=st.booleans(),
        remedy=hostile,
    ),
    max_size=3,
    unique_by=lambda each: each.name,
).map(tuple)  # fmt: skip
calls = st.lists(st.sampled_from(["read", "clone", "clone3", "socket", "personality", "execve"]), unique=True)
profiles = st.builds(
    model.Seccomp,
    names=calls.map(tuple),
    used=calls.map(tuple),
    because=hostile,
    families=st.none() | st.lists(st.integers(0, 45), unique=True).map(tuple),
    namespaces=st.booleans(),
)
seconds = st.none() | st.floats(0, 600)
deployments = st.builds(
    model.Deployment,
    service=st.builds(
        model.Service,
        name=labels,
        image=st.sampled_from(["shop/web:1", "registry.example:5000/a/b@sha256:" + "0" * 64]),
        command=st.none() | st.lists(hostile, min_size=1, max_size=3).map(tuple),
        entrypoint=st.none() | st.lists(hostile, min_size=1, max_size=3).map(tuple),
        env=st.lists(st.tuples(variables, hostile), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
        secret_env=st.lists(variables, max_size=2, unique=True).map(tuple),
        mounts=mounts,
        ports=ports,
        outgoing=st.lists(
            st.builds(
                model.Outgoing,
                address=st.ip_addresses().map(str) | hostile,
                port=st.integers(0, 65535),
                protocol=st.sampled_from(["tcp", "udp", "unknown"]),
                executable=paths,
            ),
            max_size=3,
        ).map(tuple),
    ),
    settings=st.builds(
        model.Settings,
        seccomp=st.none() | profiles,
        capabilities=capabilities,
        no_new_privileges=decisions,
        run_as=st.builds(model.RunAs, uid=ids, gid=ids, because=hostile),
        read_only_root=decisions,
        storage=storages,
        memory_bytes=st.none() | numbers,
        memory_request_bytes=st.none() | numbers,
        cpu_millis=st.none() | small,
        pids=small,
        open_files=small,
        shm_bytes=numbers,
    ),
    operations=st.builds(
        model.Operations,
        readiness=probes,
        liveness=probes,
        healthcheck=probes,
        metrics=st.none() | st.builds(model.Metrics, st.integers(1, 65535), paths, hostile),
        logs=st.none() | st.builds(model.Logs, st.booleans(), hostile, st.just(()), hostile),
    ),
    life=st.builds(
        model.Life,
        batch=st.booleans(),
        start_seconds=seconds,
        stop_signal=st.sampled_from(["SIGTERM", "SIGQUIT"]),
        stop_seconds=seconds,
        killed=st.booleans(),
        zombies_made=st.none() | st.integers(0, 9),
        zombies_left=st.integers(0, 9),
    ),
    secrets=st.lists(
        st.builds(
            model.Secret,
            where=st.sampled_from(["environment", "command", "file"]),
            name=hostile,
            kind=hostile,
            because=hostile,
            baked=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)  # fmt: skip
