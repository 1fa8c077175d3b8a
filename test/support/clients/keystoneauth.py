"""Asks Igor as keystoneauth1 does it, with OS_* from the environment; prints what came of it as JSON.

Arguments: the name of a machine, and a global request id.
"""

import json
import os
import sys

from keystoneauth1 import adapter, exceptions, session
from keystoneauth1.identity import v3

from heard import listen

machine, global_request_id = sys.argv[1:]
heard = listen()


def signed_in(user):
    auth = v3.Password(
        os.environ["OS_AUTH_URL"],
        username=user,
        password=f"{user}pw",
        project_name="alpha",
        user_domain_id="default",
        project_domain_id="default",
    )
    return session.Session(auth=auth)


def adapter_of(sess, **more):
    where = {"service_type": "out-of-band", "interface": "public", "region_name": os.environ["OS_REGION_NAME"]}
    return adapter.Adapter(sess, **where, **more)


def refusal(ask):
    """What the library tells its user, the type and the sentence."""
    try:
        ask()
    except exceptions.ClientException as refused:
        return {
            "type": type(refused).__name__,
            "text": str(refused),
            "retry_after": getattr(refused, "retry_after", None),
            "request_id": getattr(refused, "request_id", None),
        }
    return None


bob = signed_in("bob")
carol = signed_in("carol")
usual = {"min_version": "1", "max_version": "1.latest"}
ours = adapter_of(bob, **usual, default_microversion="1.0")
data = ours.get_endpoint_data()
listed = ours.get("/machines?limit=2")
named = adapter_of(bob, **usual, global_request_id=global_request_id).get(f"/machines/{machine}")

print(
    json.dumps(
        {
            "endpoint": ours.get_endpoint(),
            "major": ours.get_api_major_version(),
            "microversions": [data.min_microversion, data.max_microversion],
            "asked": listed.request.headers["OpenStack-API-Version"],
            "url": listed.request.url,
            "answered": listed.headers["OpenStack-API-Version"],
            "latest": ours.get("/whoami", microversion="latest").headers["OpenStack-API-Version"],
            "machine": named.json()["machine"]["name"],
            "beyond": adapter_of(bob, min_version="2").get_endpoint(),
            "refusals": {
                "400": refusal(lambda: ours.get("/machines?limit=none")),
                "403": refusal(lambda: adapter_of(carol, **usual).put(f"/machines/{machine}/power", json={"target": "on"})),
                "404": refusal(lambda: ours.get("/machines/nosuch")),
                "405": refusal(lambda: ours.delete("/whoami")),
                "406": refusal(lambda: ours.get("/machines", microversion="1.99")),
                "409": refusal(lambda: ours.put(f"/machines/{machine}/boot", json={"target": "uefi-http"})),
            },
            "heard": heard,
        }
    )
)
