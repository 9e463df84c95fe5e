"""What OCSF 1.6.0 has in the classes and objects that exports use, and a check of an event against it.

Source: https://schema.ocsf.io/1.6.0, without what that version deprecates. ``name!`` is required, ``name*`` is there
with the ``cloud`` profile only. Types: ``s`` text, ``i`` integer, ``b`` boolean, ``j`` any JSON, an object's name; with
``[]`` after it, a list of it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["problems"]

_EVENT = (
    "activity_id!:i activity_name:s api*:api category_name:s category_uid!:i class_name:s class_uid!:i cloud*!:cloud "
    "count:i duration:i end_time:i http_request:http_request http_response:http_response message:s metadata!:metadata "
    "observables:observable[] raw_data:s raw_data_hash:fingerprint raw_data_size:i severity:s severity_id!:i "
    "start_time:i status:s status_code:s status_detail:s status_id:i time!:i timezone_offset:i type_name:s type_uid!:i "
    "unmapped:j "
)
_CLASSES = {
    3002: _EVENT + "actor:actor auth_protocol:s auth_protocol_id:i dst_endpoint:network_endpoint is_cleartext:b "
    "is_mfa:b is_new_logon:b is_remote:b logon_type:s logon_type_id:i service:service session:session "
    "src_endpoint:network_endpoint user!:user",
    3004: _EVENT + "access_list:s[] access_mask:i actor:actor comment:s entity!:managed_entity "
    "entity_result:managed_entity src_endpoint:network_endpoint",
    6003: _EVENT.replace("api*:api ", "") + "actor!:actor api!:api dst_endpoint:network_endpoint "
    "resources:resource_details[] src_endpoint!:network_endpoint",
}
_OBJECTS = {
    "account": "labels:s[] name:s type:s type_id:i uid:s",
    "actor": "app_name:s app_uid:s session:session user:user",
    "api": "group:group operation!:s request:request service:service version:s",
    "cloud": "account:account cloud_partition:s org:organization provider!:s region:s zone:s",
    "fingerprint": "algorithm:s algorithm_id!:i value!:s",
    "group": "desc:s domain:s name:s privileges:s[] type:s uid:s",
    "http_request": "args:s body_length:i http_method:s length:i referrer:s uid:s url:url user_agent:s version:s "
    "x_forwarded_for:s[]",
    "http_response": "body_length:i code!:i content_type:s latency:i length:i message:s status:s",
    "managed_entity": "data:j group:group name:s org:organization policy:policy type:s type_id:i uid:s user:user "
    "version:s",
    "metadata": "correlation_uid:s debug:s[] event_code:s is_truncated:b labels:s[] log_level:s log_name:s "
    "log_provider:s log_version:s logged_time:i modified_time:i original_time:s processed_time:i product!:product "
    "profiles:s[] sequence:i tenant_uid:s uid:s untruncated_size:i version!:s",
    "network_endpoint": "domain:s hostname:s instance_uid:s interface_name:s interface_uid:s intermediate_ips:s[] ip:s "
    "isp:s mac:s name:s port:i subnet_uid:s svc_name:s type:s type_id:i uid:s vlan_uid:s vpc_uid:s zone:s",
    "observable": "name:s type:s type_id!:i value:s",
    "organization": "name:s ou_name:s ou_uid:s uid:s",
    "policy": "data:j desc:s group:group is_applied:b name:s type:s uid:s version:s",
    "product": "cpe_name:s lang:s name:s path:s uid:s url_string:s vendor_name:s version:s",
    "programmatic_credential": "last_used_time:i type:s uid!:s",
    "request": "data:j flags:s[] uid!:s",
    "resource_details": "created_time:i criticality:s data:j group:group hostname:s ip:s is_backed_up:b labels:s[] "
    "modified_time:i name:s namespace:s owner:user role:s role_id:i type:s uid:s uid_alt:s version:s",
    "service": "labels:s[] name:s uid:s version:s",
    "session": "count:i created_time:i credential_uid:s expiration_reason:s expiration_time:i is_mfa:b is_remote:b "
    "is_vpn:b issuer:s terminal:s uid:s uid_alt:s uuid:s",
    "url": "domain:s hostname:s path:s port:i query_string:s resource_type:s scheme:s subdomain:s url_string:s",
    "user": "account:account display_name:s domain:s email_addr:s full_name:s groups:group[] has_mfa:b name:s "
    "org:organization programmatic_credentials:programmatic_credential[] risk_level:s risk_level_id:i risk_score:i "
    "type:s type_id:i uid:s uid_alt:s",
}
_AT_LEAST_ONE = {
    "actor": "app_name app_uid session user",
    "account": "name uid",
    "group": "name uid",
    "managed_entity": "group name org policy uid user",
    "network_endpoint": "domain hostname instance_uid interface_name interface_uid ip name svc_name uid",
    "organization": "name uid",
    "policy": "name type uid",
    "product": "name uid",
    "resource_details": "name uid",
    "service": "name uid",
    "url": "path url_string",
    "user": "account name uid",
}
_CRUD = {0: "Unknown", 1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
_ACTIVITIES = {
    3002: {0: "Unknown", 1: "Logon", 2: "Logoff", 3: "Authentication Ticket", 4: "Service Ticket Request"},
    3004: _CRUD,
    6003: _CRUD,
}
_NAMES = {3002: "Authentication", 3004: "Entity Management", 6003: "API Activity"}
_CATEGORIES = {3: "Identity & Access Management", 6: "Application Activity"}
_SEVERITIES = {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal"}
_STATUSES = {0: "Unknown", 1: "Success", 2: "Failure"}
_ENUMS = {
    ("account", "type_id"): {*range(19), 99},
    ("fingerprint", "algorithm_id"): {*range(18), 99},
    ("managed_entity", "type_id"): {*range(8), 99},
    ("observable", "type_id"): {*range(48), 99},
    ("resource_details", "role_id"): {*range(5), 99},
    ("user", "type_id"): {*range(5), 99},
    ("http_request", "http_method"): {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"},
}
_TYPES = {"s": str, "i": int, "b": bool}


def problems(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event; nothing, for a valid one."""
    class_uid = event.get("class_uid")
    if class_uid not in _CLASSES:
        return [f"class_uid: {class_uid}"]
    profiles = event.get("metadata", {}).get("profiles", [])
    found = _object_problems(event, "event", _CLASSES[class_uid], cloud="cloud" in profiles)
    return found or _classification_problems(event, class_uid)


def _classification_problems(event: dict[str, Any], class_uid: int) -> list[str]:
    """Numbers and their captions must agree; 99 is whatever the source says."""
    activities = _ACTIVITIES[class_uid]
    activity = event["activity_id"]
    caption = activities.get(activity, "Other" if activity == 99 else None)
    expected = {
        "category_uid": class_uid // 1000,
        "category_name": _CATEGORIES[class_uid // 1000],
        "class_name": _NAMES[class_uid],
        "type_uid": class_uid * 100 + activity,
        "type_name": f"{_NAMES[class_uid]}: {caption}",
        "severity": _SEVERITIES.get(event["severity_id"]),
        "status": _STATUSES.get(event["status_id"]),
    }
    if activity != 99:
        expected["activity_name"] = caption
    if class_uid == 3002 and not {"service", "dst_endpoint"} & set(event):
        return ["neither service nor dst_endpoint"]
    return [
        f"{name}: {event.get(name)!r}, not {value!r}" for name, value in expected.items() if event.get(name) != value
    ]


def _object_problems(value: Any, name: str, declared: str, *, cloud: bool) -> list[str]:
    if not isinstance(value, dict):
        return [f"{name} is no object"]
    found = []
    attributes = {}
    for each in declared.split():
        attribute, kind = each.split(":")
        required = attribute.endswith("!")
        attribute = attribute.rstrip("!")
        if attribute.endswith("*") and not cloud:
            continue
        attribute = attribute.rstrip("*")
        attributes[attribute] = kind
        if required and attribute not in value:
            found.append(f"{name}.{attribute} is missing")
    needed = _AT_LEAST_ONE.get(name, "").split()
    if needed and not set(needed) & set(value):
        found.append(f"{name} has none of {needed}")
    for attribute, inner in value.items():
        if attribute not in attributes:
            found.append(f"{name}.{attribute} is not in the schema")
        elif inner not in _ENUMS.get((name, attribute), {inner} if isinstance(inner, (str, int)) else [inner]):
            found.append(f"{name}.{attribute}: {inner!r}")
        else:
            found += _value_problems(inner, f"{name}.{attribute}", attributes[attribute], cloud=cloud)
    return found


def _value_problems(value: Any, where: str, kind: str, *, cloud: bool) -> list[str]:
    if kind.endswith("[]"):
        if not isinstance(value, list) or not value:
            return [f"{where} is no list, or an empty one"]
        return [each for item in value for each in _value_problems(item, where, kind[:-2], cloud=cloud)]
    if kind in _OBJECTS:
        return _object_problems(value, kind, _OBJECTS[kind], cloud=cloud)
    if kind == "j":
        return []
    expected = _TYPES[kind]
    fits = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    return [] if fits else [f"{where} is {value!r}"]
