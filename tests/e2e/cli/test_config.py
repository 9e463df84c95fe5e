"""``indelible config``: what holds, from where, and what cannot work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.cli.command import InProcess


def test_config_show_says_where_each_value_comes_from(made: InProcess) -> None:
    """Environment, file, default; and the logs."""
    with (made.folder / "data" / "indelible.toml").open("a") as file:
        file.write("\n[log]\npublish_interval = '1s'\n")
    shown = made("config", "show", "--json", INDELIBLE_SERVER_THREADS="7").expect(0).json
    settings = {(row["section"], row["key"]): row for row in shown["settings"]}
    assert settings["server", "threads"]["value"] == 7
    assert settings["server", "threads"]["source"] == "INDELIBLE_SERVER_THREADS"
    assert settings["log", "publish_interval"]["value"] == 1.0
    assert settings["log", "publish_interval"]["source"] == "data/indelible.toml: [log] publish_interval"
    assert settings["server", "listen"]["source"] == "default"
    assert [log["name"] for log in shown["logs"]] == ["main", "_system"]
    table = made("config", "show", INDELIBLE_SERVER_THREADS="7").expect(0).out
    assert re.search(r"^\[server\] threads +7 threads +INDELIBLE_SERVER_THREADS$", table, re.MULTILINE)


def test_config_show_masks_secrets(made: InProcess) -> None:
    """That a key is set is shown, the key is not."""
    secret = "idl_0123456789ab_" + "s" * 43
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        done = made(*arguments, INDELIBLE_API_KEY=secret).expect(0)
        assert "INDELIBLE_API_KEY" in done.out
        assert secret not in done.out + done.err


def test_config_show_lists_who_else_is_let_in(made: InProcess) -> None:
    """Certificates and identity providers, with the file of a secret and not the secret."""
    with (made.folder / "data" / "indelible.toml").open("a") as file:
        file.write(
            "\n[proxy]\ntrusted = ['10.0.0.1']\nclient_certificate = true\n"
            "[certificates.'dns:a.example']\ngrants = ['writer:main']\n"
            "[identity_providers.github]\nissuer = 'https://issuer.example'\naudience = 'us'\n"
            "client_id = 'me'\nclient_secret_file = 'client.secret'\nredirect_uri = 'https://a.example/login'\n"
        )
    (made.folder / "data" / "client.secret").write_text("very secret")
    shown = made("config", "show", "--json").expect(0).json
    assert shown["certificates"] == [{"name": "dns:a.example", "grants": ["writer:main"]}]
    (provider,) = shown["identity_providers"]
    assert provider["client_secret_file"].endswith("client.secret")
    text = made("config", "show").expect(0).out
    assert "certificate dns:a.example: writer:main" in text
    assert "identity provider github: https://issuer.example" in text
    assert "very secret" not in text + str(shown)


def test_config_check_names_the_mistake(made: InProcess) -> None:
    """Exit status 2, the place and the remedy; 0 when all is well."""
    assert made("config", "check", "--json").expect(0).json["valid"] is True
    assert "did you mean" in made("config", "check", INDELIBLE_SERVER_THRADS="7").expect(2).err
    (made.folder / "data" / "indelible.toml").write_text("[serve]\n")
    assert "data/indelible.toml: unknown key 'serve'; did you mean 'server'?" in made("config", "check").expect(2).err


def test_logs_create_keeps_the_file_as_a_person_left_it(made: InProcess) -> None:
    """A comment survives a new log, and the environment does not leak into the file."""
    path = made.folder / "data" / "indelible.toml"
    path.write_text(f"# for the auditors\n{path.read_text()}")
    made("logs", "create", "team-a", INDELIBLE_SERVER_THREADS="7").expect(0)
    text = path.read_text()
    assert text.startswith("# for the auditors\n")
    assert "threads" not in text
    assert [log["log"] for log in made("logs", "list", "--json").json["logs"]] == ["main", "_system", "team-a"]
