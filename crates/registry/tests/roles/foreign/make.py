"""Makes the repositories beside this file with python-tuf, whose keys are thrown away afterwards.

    pip install tuf==7.0.1 'securesystemslib[crypto]' && python make.py

Each kind of key gets a repository: the second root names two keys that must both sign, one with a
field of the keeper's own that its id does not cover. `one_key_twice` has one key under two ids.
"""

import copy
import shutil
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

HERE = Path(__file__).parent
EXPIRES = datetime(2090, 1, 1, tzinfo=UTC)
CONTENT = b"moved\n"
PATH = "space/moved.yaml"


def write(folder: Path, name: str, role, signers) -> None:
    metadata = Metadata(role)
    for signer in signers:
        metadata.sign(signer, append=True)
    metadata.to_file(str(folder / "metadata" / name), JSONSerializer(compact=False))


def fresh(name: str) -> Path:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "metadata").mkdir(parents=True)
    return folder


def root_of(key: Key) -> Root:
    root = Root(expires=EXPIRES, consistent_snapshot=True)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(key, role)
    return root


def kind(name: str, generate) -> None:
    folder = fresh(name)
    first, second, publisher = generate(), generate(), generate()
    root = root_of(first.public_key)
    write(folder, "1.root.json", root, [first])
    root = copy.deepcopy(root)
    root.version = 2
    owned = second.public_key
    owned.unrecognized_fields["x-keeper"] = "second"
    root.add_key(owned, "root")
    root.roles["root"].threshold = 2
    write(folder, "2.root.json", root, [first, second])

    target = TargetFile.from_data(PATH, CONTENT, ["sha256"])
    digest = target.hashes["sha256"]
    (folder / "targets/space").mkdir(parents=True)
    (folder / f"targets/space/{digest}.moved.yaml").write_bytes(CONTENT)
    space = Targets(expires=EXPIRES, targets={PATH: target})
    write(folder, "1.space.json", space, [publisher])
    targets = Targets(expires=EXPIRES)
    delegated = DelegatedRole("space", [], 1, True, paths=["space/*"])
    targets.delegations = Delegations({}, {"space": delegated})
    targets.add_key(publisher.public_key, "space")
    write(folder, "1.targets.json", targets, [first])
    meta = {"targets.json": MetaFile(1), "space.json": MetaFile(1)}
    write(folder, "1.snapshot.json", Snapshot(expires=EXPIRES, meta=meta), [first])
    write(folder, "timestamp.json", Timestamp(expires=EXPIRES), [first])


def one_key_twice() -> None:
    folder = fresh("one_key_twice")
    signer = CryptoSigner.generate_ecdsa()
    root = root_of(signer.public_key)
    write(folder, "1.root.json", root, [signer])
    root = copy.deepcopy(root)
    root.version = 2
    again = signer.public_key.to_dict()
    again["keyval"] = {"public": again["keyval"]["public"].rstrip("\n")}
    again = Key.from_dict("ab" * 32, again)
    root.add_key(again, "root")
    root.roles["root"].threshold = 2
    same = copy.copy(signer)
    same._public_key = again
    write(folder, "2.root.json", root, [signer, same])


if __name__ == "__main__":
    kind("ecdsa", CryptoSigner.generate_ecdsa)
    kind("rsa", CryptoSigner.generate_rsa)
    one_key_twice()
