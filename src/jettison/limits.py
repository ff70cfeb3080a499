"""Every bound of the program, with its unit, its value and the reason for it.

Input from outside is read through one of these. What is over a bound is refused with `LimitError`; nothing
is ever cut off silently, except captured output of the application, where the report says that it was.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# --- documents
MAX_JSON_BYTES: Final = 4 * MIB
"""A manifest, index or config; registries accept 4 MiB at the most (distribution-spec, pushing manifests)."""
MAX_JSON_DEPTH: Final = 64
"""Nesting of JSON; real manifests have 6 levels."""
MAX_LAYERS: Final = 1000
"""Layers of one image; engines stop at 127."""
MAX_MANIFESTS: Final = 1000
"""Entries of one index."""
MAX_INDEX_DEPTH: Final = 4
"""Indexes within indexes."""

# --- layers
MAX_PATH_BYTES: Final = 4096
"""PATH_MAX of Linux."""
MAX_NAME_BYTES: Final = 255
"""NAME_MAX of Linux: one component of a path."""
MAX_PAX_BYTES: Final = MIB
"""All PAX records of one entry."""
MAX_XATTR_BYTES: Final = 64 * KIB
"""XATTR_SIZE_MAX of Linux: the value of one extended attribute."""
MAX_ENTRIES: Final = 4_000_000
"""Entries of one layer; the largest image seen in the field had 3 million files."""
MAX_REPLACEMENTS: Final = 64
"""Folders that one layer fills and then replaces by something else; each costs a pass over the layer."""
MAX_ARCHIVE_MEMBERS: Final = 100_000
"""Files of an image archive (blobs and documents, not the files of the layers)."""
MAX_LAYER_BYTES: Final = 128 * GIB
"""One layer, uncompressed."""
MAX_COMPRESSION_RATIO: Final = 1100
"""Uncompressed to compressed bytes, after the first 64 MiB; gzip cannot exceed 1032, so only chained bombs
can."""
MAX_SYMLINKS: Final = 40
"""Links followed in one look-up, as the kernel does (MAXSYMLINKS)."""

# --- files read as data
MAX_SMALL_FILE_BYTES: Final = 8 * MIB
"""Configuration and databases that are parsed whole (passwd, ld.so.conf, package.json, dpkg status)."""
MAX_ELF_TABLE_BYTES: Final = 16 * MIB
"""One table (dynamic section, string table) of an ELF file."""
MAX_CLOSURE_FILES: Final = 500_000
"""Files that one keep plan may hold."""

# --- running
READY_TIMEOUT_S: Final = 60.0
"""How long an application may take to be ready when `--timeout` says nothing."""
RUN_TIMEOUT_S: Final = 600.0
"""How long a whole run (a batch job, a workload) may take."""
STOP_TIMEOUT_S: Final = 10.0
"""Grace between the stop signal and SIGKILL; Docker's default."""
OUTPUT_BYTES: Final = 4 * MIB
"""The last bytes of each of stdout and stderr that are kept; older ones are dropped and counted."""
BODY_BYTES: Final = 8 * MIB
"""An HTTP body that is kept for comparison; longer ones are hashed and only their length and digest
compared."""
RESPONSE_TEXT_BYTES: Final = 512 * KIB
"""A body or output whose text is kept, so that noise can be learned word by word; of longer ones only the
digest."""
RUN_TEXT_BYTES: Final = 16 * MIB
"""Text of all answers of one run that is kept; of later ones only the digest. Three runs are held at a
time."""
HTTP_TIMEOUT_S: Final = 30.0
"""One request, from the connection to the last byte of the answer."""
CRAWL_TIMEOUT_S: Final = 60.0
"""How long a crawl goes on asking for more."""
OPENAPI_REQUESTS: Final = 200
"""Requests made from one OpenAPI document."""
MAX_OUTPUT_FILES: Final = 10_000
"""Files of a batch job that are looked at in its writable mounts."""
MAX_PIDS: Final = 4096
"""Processes of one sandbox, so that a fork bomb ends there (pids.max)."""
MAX_EVENTS: Final = 1_000_000
"""Distinct accesses of one run; a run that exceeds it is marked incomplete."""
MAX_TRACE_BYTES: Final = 128 * MIB
"""Path bytes of all distinct accesses of one run; a run that exceeds it is marked incomplete."""
CRAWL_PAGES: Final = 200
"""Pages and assets one crawl requests."""
CRAWL_DEPTH: Final = 3
"""Links followed from the first page."""
HEAL_ROUNDS: Final = 5
"""How often a candidate may be mended and verified again."""
MAX_REPORT_BYTES: Final = 512 * MIB
"""A report.json; it names every path of the image once."""
MAX_EVIDENCE_BYTES: Final = 512 * MIB
"""An evidence.json; a trace is bounded far below it."""

VERIFY_THREADS: Final = 2
"""Layers unpacked and hashed at a time; both leave other threads run."""

# --- the cache
MAX_BLOB_CACHE_BYTES: Final = 20 * GIB
"""Layers of registries that stay in the cache from one run to the next; the least recently used go first."""

# --- registries
REQUEST_TIMEOUT_S: Final = 30.0
"""How long the headers of an answer may take, and how long a registry may be silent before its connection
counts as broken."""
MAX_HEADER_BYTES: Final = 128 * KIB
"""All headers of one answer; a few kilobytes are usual."""
SEND_BYTES: Final = 256 * KIB
"""A piece of a request's body; each must have gone in `REQUEST_TIMEOUT_S`."""
DOCUMENT_TIMEOUT_S: Final = 60.0
"""How long a manifest, a config or a token may take to arrive; a trickle is no better than silence."""
STALL_BYTES: Final = 64 * KIB
"""Bytes of a body that must arrive in each `REQUEST_TIMEOUT_S`; a slower peer counts as a broken one."""
REGISTRY_ATTEMPTS: Final = 5
"""How often one request is made while nothing gets on; the field's common number."""
RETRY_BUDGET_S: Final = 60.0
"""How long one operation may wait for a registry that gets no further, its own wish (Retry-After)
included."""
RETRY_PROGRESS_BYTES: Final = MIB
"""A broken download that got this much further starts with new attempts."""
MAX_REDIRECTS: Final = 10
"""Redirects that one request follows, as browsers and other clients do."""
MAX_TOKEN_BYTES: Final = 64 * KIB
"""The answer of a token server or of a credential helper."""
CREDENTIAL_HELPER_TIMEOUT_S: Final = 30.0
"""How long a credential helper may take; some ask the network."""
PARALLEL_BLOBS: Final = 4
"""Blobs moved at a time; registries throttle clients that open more."""
UPLOAD_CHUNK_BYTES: Final = 64 * MIB
"""Larger blobs are uploaded in chunks of this size, so that a broken connection loses one chunk."""

# --- services of a compose file
COMPOSE_TIMEOUT_S: Final = 600.0
"""How long a compose tool may take, which may have to pull and build images, and a service to become
healthy."""

# --- Podman
PODMAN_IDLE_S: Final = 30
"""After so long without a question it ends by itself, should this process have been killed."""
PODMAN_START_TIMEOUT_S: Final = 20.0
"""How long a Podman service of our own may take to listen; the first start makes its storage."""

MAX_COPY_BYTES: Final = GIB
"""Content of an image that a new volume may start with: it is copied for each run."""
MAX_PINNED_BYTES: Final = 4 * GIB
"""A file that is downloaded to learn its checksum."""
