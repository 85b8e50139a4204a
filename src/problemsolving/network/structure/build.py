"""Build the network between agencies from records: referrals, contacts, agreements, lists of ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from problemsolving.network.in_order import contacts_in_order
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.checks import (
    agency_faults,
    column_faults,
    duplicate_faults,
    number_faults,
    scale_faults,
    stop,
    unlisted,
)
from problemsolving.network.structure.rows import Scale, Sectors, as_texts, cleaned, ends_of, turned


def build_from_referrals(
    referrals: pd.DataFrame,
    *,
    agencies: Sequence[str],
    sectors: Sectors = None,
    sender: str = "from_agency",
    receiver: str = "to_agency",
    person: str | None = None,
) -> AgencyNetwork:
    """Build the directed network of referrals.

    Answers: who hands people over to whom, and how many?

    Parameters
    ----------
    referrals : pandas.DataFrame
        One row a referral.
    agencies : sequence of str
        Every agency that could have referred or received; those without a referral stay in as isolates.
    sectors : mapping of str to str, optional
        Sector of each agency.
    sender, receiver : str
        Columns with the agencies.
    person : str, optional
        Column with the person: different people are then counted in place of referrals, rows without one left out.

    Returns
    -------
    AgencyNetwork
        Directed; ``count`` of an arc is its number of referrals (or of people).

    Raises
    ------
    NetworkError
        For every fault at once: missing columns, agencies that are not listed.

    Notes
    -----
    Do not use rows that stand for anything but one hand-over each, such as one row a month: see `build_from_edges`.
    Where one person may be referred many times, name ``person``: a count of referrals can hide that it is one person's.

    Examples
    --------
    >>> rows = pd.DataFrame({"from_agency": ["a", "a", "b"], "to_agency": ["b", "b", "b"]})
    >>> found = build_from_referrals(rows, agencies=["a", "b"])
    >>> found.arcs.values.tolist(), found.provenance["self_ties"]
    ([['a', 'b', 2]], 1)
    """
    columns = [sender, receiver, *([person] if person else [])]
    faults = [*agency_faults(agencies, sectors), *column_faults(referrals, columns)]
    stop([*faults, *unlisted(referrals, columns[:2], agencies)], "referrals")
    known = referrals if person is None else referrals[referrals[person].notna()].drop_duplicates(columns)
    return _counted(
        known[sender],
        known[receiver],
        agencies,
        sectors,
        "referrals",
        len(referrals),
        "people" if person else "referrals",
    )


def build_from_contacts(
    contacts: pd.DataFrame,
    *,
    agencies: Sequence[str],
    sectors: Sectors = None,
    case: str = "person_id",
    step: str = "agency_id",
    time: str = "started_at",
) -> AgencyNetwork:
    """Build the directed network of who is met next: ties from one agency to the next within a person.

    Answers: between which agencies do people move?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact.
    agencies : sequence of str
        Every agency that could have had a contact.
    sectors : mapping of str to str, optional
        Sector of each agency.
    case, step, time : str
        Columns with the person, the agency and the time.

    Returns
    -------
    AgencyNetwork
        Directed; ``count`` of an arc is the number of people who went from one agency to the other next, each once.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    A next contact is no referral: nobody need have sent the person. Contacts at the same time are put in the order of the
    agencies' names; how many there were is kept in ``provenance["tied_rows"]``. Do not use where only days are known and
    most people meet several agencies on one day.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 1], "agency_id": ["a", "b", "b"], "started_at": [1, 2, 3]})
    >>> found = build_from_contacts(log, agencies=["a", "b", "c"])
    >>> found.arcs.values.tolist(), found.provenance["self_ties"]
    ([['a', 'b', 1]], 1)
    """
    columns = [case, step, time]
    faults = [*agency_faults(agencies, sectors), *column_faults(contacts, columns)]
    stop([*faults, *unlisted(contacts, [step], agencies)], "contacts")
    ordered = contacts_in_order(contacts, case=case, step=step, time=time)
    steps = ordered.assign(before=ordered.groupby("case")["step"].shift(1)).dropna(subset="before")
    people = steps.drop_duplicates(["case", "before", "step"])
    built = _counted(people["before"], people["step"], agencies, sectors, "contacts", len(contacts), "people")
    more = {
        "self_ties": int((steps["before"] == steps["step"]).sum()),
        "blank_rows": len(contacts) - len(ordered),
        "tied_rows": int(ordered["tied"].sum()),
    }
    return replace(built, provenance={**built.provenance, **more})


def build_from_agreements(
    agreements: pd.DataFrame,
    *,
    agencies: Sequence[str],
    sectors: Sectors = None,
    first: str = "first_agency",
    second: str = "second_agency",
) -> AgencyNetwork:
    """Build the undirected network of agreements, such as those to share data.

    Answers: which agencies have an agreement with each other?

    Parameters
    ----------
    agreements : pandas.DataFrame
        One row an agreement between two agencies, in either order; several between the same two are added up.
    agencies : sequence of str
        Every agency that could have an agreement.
    sectors : mapping of str to str, optional
        Sector of each agency.
    first, second : str
        Columns with the agencies.

    Returns
    -------
    AgencyNetwork
        Undirected; ``weight`` of a tie is the number of agreements.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    Do not use as a sign that two agencies work together: it says that they may.

    Examples
    --------
    >>> rows = pd.DataFrame({"first_agency": ["b", "a"], "second_agency": ["a", "b"]})
    >>> build_from_agreements(rows, agencies=["a", "b"]).arcs.values.tolist()
    [['a', 'b', 2]]
    """
    faults = [*agency_faults(agencies, sectors), *column_faults(agreements, [first, second])]
    stop([*faults, *unlisted(agreements, [first, second], agencies)], "agreements")
    kept, told = cleaned(ends_of(agreements[first], agreements[second], directed=False))
    arcs = kept.groupby(["sender", "receiver"], as_index=False).size().rename(columns={"size": "weight"})
    told = {"source": "agreements", "rows": len(agreements), **told, "scale_turned": False}
    names = tuple(sorted(str(name) for name in agencies))
    return AgencyNetwork(names, arcs, False, as_texts(sectors), None, told, "agreements")


def build_from_edges(
    edges: pd.DataFrame,
    *,
    agencies: Sequence[str],
    directed: bool,
    sectors: Sectors = None,
    sender: str = "source",
    receiver: str = "target",
    weight: str = "weight",
    counts: bool = False,
    of: str = "ties",
    scale: Scale | None = None,
    inverted: bool = False,
) -> AgencyNetwork:
    """Build the network from a list of ties with weights.

    Answers: what network does this list of ties describe?

    Parameters
    ----------
    edges : pandas.DataFrame
        One row a tie.
    agencies : sequence of str
        Every agency that could have a tie.
    directed : bool
        Whether ties have a direction.
    sectors : mapping of str to str, optional
        Sector of each agency.
    sender, receiver, weight : str
        Columns.
    counts : bool
        Whether weights count cases, such as referrals: whole numbers of 0 or more.
    of : str
        What a tie counts, in the plural.
    scale : tuple of float, optional
        Lowest and highest weight of a scale.
    inverted : bool
        Whether the lowest weight means most: weights are then turned round within ``scale``.

    Returns
    -------
    AgencyNetwork
        With ``count`` where ``counts``, else ``weight``. A weight of 0 is no tie.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    Do not use for a survey: a pair without a row would be no tie even where an agency never answered
    (`build_from_survey`).

    Examples
    --------
    >>> rows = pd.DataFrame({"source": ["a"], "target": ["b"], "weight": [1]})
    >>> build_from_edges(rows, agencies=["a", "b"], directed=True, scale=(1, 4), inverted=True).arcs.values.tolist()
    [['a', 'b', 4]]
    """
    faults = [*agency_faults(agencies, sectors), *column_faults(edges, [sender, receiver, weight])]
    faults += unlisted(edges, [sender, receiver], agencies) + scale_faults(scale, inverted=inverted)
    faults += ["counts: a count is no scale, so there is nothing to turn round"] if counts and inverted else []
    faults += duplicate_faults(edges, [sender, receiver], directed=directed)
    stop([*faults, *number_faults(edges, [weight], scale=scale, whole=counts)], "ties")
    arcs = ends_of(edges[sender], edges[receiver], directed=directed)
    arcs["count" if counts else "weight"] = turned(edges[[weight]].apply(pd.to_numeric), scale, inverted)[
        weight
    ].to_numpy()
    kept, told = cleaned(arcs)
    told = {"source": "edge list", "rows": len(edges), **told, "scale_turned": inverted}
    kept = kept.sort_values(["sender", "receiver"], ignore_index=True)
    return AgencyNetwork(tuple(sorted(map(str, agencies))), kept, directed, as_texts(sectors), None, told, of)


def _counted(
    senders: pd.Series, receivers: pd.Series, agencies: Sequence[str], sectors: Sectors, source: str, rows: int, of: str
) -> AgencyNetwork:
    """Count rows by ordered pair."""
    kept, told = cleaned(ends_of(senders, receivers))
    arcs = kept.groupby(["sender", "receiver"], as_index=False).size().rename(columns={"size": "count"})
    told = {"source": source, "rows": rows, **told, "scale_turned": False}
    return AgencyNetwork(tuple(sorted(map(str, agencies))), arcs, True, as_texts(sectors), None, told, of)
