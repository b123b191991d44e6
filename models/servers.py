"""An address of PostgreSQL may name several servers, as libpq writes it; the one that takes writes is used.

    postgresql://user:password@a:5432,b:5432,c:5432/name?target_session_attrs=read-write

asyncpg tries them as well, but gives up at the first that is just starting, and one that takes the connection and says
nothing costs it all its time: that is how a stopped machine looks. So each is given some seconds here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.engine import URL

EACH_SECONDS = 3.0
"""So long one of several servers may take to answer."""
ONLY_SECONDS = 30.0
"""So long the only one may take."""
PORT = 5432
_SEVERAL = re.compile(
    r"^(?P<begin>postgresql(?:\+asyncpg)?://(?:[^@/?]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<end>[/?].*)?$"
)


def parsed(url: str) -> URL:
    """The address in SQLAlchemy's form, which takes several servers as `?host=a:5432&host=b:5432`."""
    found = _SEVERAL.match(url)
    if found is None:
        return make_url(url)
    hosts = tuple(host if _has_port(host) else f"{host}:{PORT}" for host in found["hosts"].split(","))
    return make_url(f"{found['begin']}{found['end'] or ''}").update_query_dict({"host": hosts})


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal()


async def reach(asyncpg: Any, **how: Any) -> Any:
    """A connection of the driver's to the first server that answers and is what `target_session_attrs` asks for.

    Raises OSError or PostgresError: what went wrong with the last of them.
    """
    hosts, ports = how.pop("host", None), how.pop("port", None)
    if isinstance(hosts, Sequence) and not isinstance(hosts, str):
        seconds, places = EACH_SECONDS, [(host, int(port)) for host, port in zip(hosts, ports, strict=True)]
    else:
        seconds, places = ONLY_SECONDS, [(hosts, ports)]
    wrong: Exception = OSError("no server is named")
    for host, port in places:
        where = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        try:
            return await asyncpg.connect(**{"timeout": seconds, **how, **where})
        except (OSError, asyncpg.PostgresError) as error:
            wrong = error
        except asyncpg.InternalClientError as error:
            # It answers, and does not take writes.
            wrong = OSError(f"{host}:{port}: {error}")
    raise wrong
