"""The verifier behind the consent link, kept so that the console's challenge need not be changed
each time leave is given."""

import json
from pathlib import Path

from bot.channels.zalo_oa_oauth import Proof
from bot.channels.zalo_oa_tokens import Disk, RealDisk, TokenTrouble

NAME = "zalo-oa-verifier.json"


def proof_in(folder: Path, disk: Disk | None = None) -> Proof:
    """The folder's proof, made and kept if there is none. Raises TokenTrouble."""
    path = folder / NAME
    used = disk or RealDisk()
    try:
        kept = _proof(used.read(path))
        if kept is not None:
            return kept
        made = Proof.new()
        new = path.with_name(f"{NAME}.new")
        used.write(new, json.dumps({"verifier": made.verifier, "state": made.state}).encode())
        used.replace(new, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TokenTrouble(f"Không ghi được tệp {NAME}: {reason}.") from None
    return made


def _proof(content: bytes | None) -> Proof | None:
    try:
        said = json.loads(content or b"")
        proof = Proof(said["verifier"], said["state"])
    except (ValueError, TypeError, KeyError):
        return None
    return proof if isinstance(proof.verifier, str) and isinstance(proof.state, str) else None
