"""Asks Igor as a program on openstacksdk does it, with OS_* from the environment; prints what came of it as JSON.

Argument: the name of a machine.
"""

import json
import sys

import openstack
from openstack import exceptions, proxy, resource, service_description

from heard import listen

machine = sys.argv[1]
heard = listen()


class Machine(resource.Resource):
    resource_key = "machine"
    resources_key = "machines"
    base_path = "/machines"
    allow_list = allow_fetch = True
    _query_mapping = resource.QueryParameters("name", "tags", "sort")
    _max_microversion = "1.0"

    power_state = resource.Body("power_state")
    tags = resource.Body("tags", type=list)


class Proxy(proxy.Proxy):
    skip_discovery = False

    def machines(self, **query):
        return self._list(Machine, **query)

    def get_machine(self, name):
        return self._get(Machine, name)

    def find_machine(self, name, ignore_missing=True):
        return self._find(Machine, name, ignore_missing=ignore_missing)

    def set_power(self, name, target):
        answer = self.put(f"/machines/{name}/power", json={"target": target}, microversion="1.0")
        exceptions.raise_from_response(answer)
        return answer.json()


class Service(service_description.ServiceDescription):
    supported_versions = {"1": Proxy}


def refusal(ask):
    """What the library tells its user."""
    try:
        ask()
    except exceptions.HttpException as refused:
        return {"type": type(refused).__name__, "text": str(refused), "request_id": refused.request_id}
    return None


cloud = openstack.connect()
cloud.add_service(Service(service_type="out-of-band"))
igor = cloud.out_of_band

print(
    json.dumps(
        {
            "paged": [one.name for one in igor.machines(limit=3, sort="name:desc")],
            "whole": [one.name for one in igor.machines(sort="name:desc")],
            "found": igor.find_machine(machine).id,
            "absent": igor.find_machine("nosuch"),
            "got": igor.get_machine(machine).to_dict(computed=False, original_names=True),
            "power": igor.set_power(machine, "on"),
            "refusals": {
                "400": refusal(lambda: igor.set_power(machine, "explode")),
                "404": refusal(lambda: igor.get_machine("nosuch")),
                "find": refusal(lambda: igor.find_machine("nosuch", ignore_missing=False)),
                "page": refusal(lambda: list(igor.machines(sort="password"))),
            },
            "heard": heard,
        }
    )
)
