"""The alerting rules: well formed, and each says who, what and how bad. Their metrics are held in test_monitoring."""

from __future__ import annotations

import re

from tests.deploy.known import DEPLOY, load_yaml


def test_alerts_are_whole() -> None:
    """A name of its own, an expression with balanced brackets, a severity, a summary that says where."""
    (group,) = load_yaml((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(names) == len(set(names)) >= 10
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert "{{ $labels." in rule["annotations"]["summary"]
        for left, right in ("()", "{}", "[]"):
            assert rule["expr"].count(left) == rule["expr"].count(right)
        assert re.fullmatch(r"[0-9]+[mh]", rule.get("for", "1m"))
