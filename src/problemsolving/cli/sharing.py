"""Commands for who may use what: sharing records, pseudonyms, hand-back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from problemsolving.cli.console import FILE, PROFILE, say, told, write


@click.group()
def sharing() -> None:
    """Write drafts of sharing records.

    \b
    Example:
      problemsolving sharing draft analyses/county contacts
    """


@sharing.command()
@PROFILE
@click.argument("dataset")
@click.pass_context
@told
def draft(ctx: click.Context, path: Path, dataset: str) -> None:
    """Write a draft of the full sharing record of DATASET, which the profile in PATH names. It loads nothing yet.

    \b
    Example:
      problemsolving sharing draft analyses/county contacts
    """
    from problemsolving.loading import draft_sharing

    write(str(draft_sharing(path, dataset)))
    say(ctx)("Next: decide each line with the agencies, then: problemsolving check")


@click.group()
def pseudonyms() -> None:
    """Make keys, and turn the identifiers of a file into pseudonyms.

    \b
    Example:
      problemsolving pseudonyms make-key ~/keys/partnership.key
    """


@pseudonyms.command(name="make-key")
@PROFILE
@told
def make_key(path: Path) -> None:
    """Make a random key in PATH, outside any repository and profile, and print its id.

    \b
    Example:
      problemsolving pseudonyms make-key ~/keys/partnership.key
    """
    from problemsolving.governance.pseudonyms import make_key as make

    write(make(path))


@pseudonyms.command()
@PROFILE
@click.option("--field", required=True, metavar="COLUMN", help="Column with the identifiers.")
@click.option("--kind", required=True, help="What they are: nhs-number, name, date or identifier.")
@click.option("--domain", default="", help="Keeps identifiers of one kind apart, for example custody-id.")
@click.option("--algorithm", type=click.Choice(["blake2b", "hmac-sha-256"]), default="blake2b", show_default=True)
@click.option("--key", type=FILE, required=True, help="File with the key.")
@click.option("--out", type=FILE, required=True, help="File to write; must not be there.")
@told
def apply(path: Path, field: str, kind: str, domain: str, algorithm: Any, key: Path, out: Path) -> None:
    """Replace the identifiers in one column of the CSV file PATH by pseudonyms, before it is shared.

    \b
    Example:
      problemsolving pseudonyms apply clients.csv --field nhs_number --kind nhs-number --key ~/keys/k --out shared.csv
    """
    from problemsolving.governance.pseudonymise import pseudonymise_file
    from problemsolving.governance.pseudonyms import Pseudonymiser, read_key

    maker = Pseudonymiser(read_key(key), algorithm=algorithm)
    record = pseudonymise_file(path, field=field, kind=kind, domain=domain, pseudonymiser=maker, out=out)
    write(record.in_words)


@click.command()
@click.argument("people", type=FILE)
@click.option("--clients", type=FILE, required=True, help="CSV of the agency's own clients.")
@click.option("--field", required=True, metavar="COLUMN", help="Column of --clients with the identifier.")
@click.option("--pseudonym-field", default="person_id", show_default=True, metavar="COLUMN", help="Column of PEOPLE.")
@click.option("--key", type=FILE, required=True, help="File with the agency's key.")
@click.option("--made-with", type=FILE, required=True, help="The .pseudonyms.json that came with the data.")
@click.option("--record", type=FILE, required=True, help="The sharing record.")
@click.option("--decision", type=FILE, required=True, help="The signed decision, for example handback.yml.")
@click.option("--out", type=FILE, required=True, help="File of clients to write; must not be there.")
@click.option("--log", type=FILE, help="Log of all attempts.  [default: handback-log.jsonl beside the decision]")
@click.pass_context
@told
def handback(ctx: click.Context, field: str, pseudonym_field: str, log: Path | None, **files: Path) -> None:
    """Turn the pseudonyms in the CSV file PEOPLE into the controlling agency's own clients, by a signed decision.

    \b
    Example:
      problemsolving handback at-risk.csv --clients clients.csv --field nhs_number --key ~/keys/k \\
        --made-with shared.csv.pseudonyms.json --record sharing/contacts.yml --decision handback.yml --out ~/found.csv
    """
    from problemsolving.governance.handback import HandBackFiles, hand_back, write_transparency

    log = log or files["decision"].with_name("handback-log.jsonl")
    done = hand_back(HandBackFiles(**files, log=log), field=field, pseudonym_field=pseudonym_field)
    write(done.in_words)
    say(ctx)(write_transparency(files["decision"].with_name("atrs.yml"), done))
