"""Files on a real machine: made, read back by name, mended; all or nothing whatever fails."""

import pytest

from providers.kit.testing import PluginError, Secret

pytestmark = pytest.mark.engine


@pytest.fixture
def inputs(folder):
    """Three files, one of them secret."""
    files = [
        {"path": f"{folder}/a.conf", "content": "a = 1\n"},
        {"path": f"{folder}/b.conf", "content": "b = 1\n", "mode": "0600", "owner": "ubuntu", "group": "adm"},
        {"path": f"{folder}/deep/er/c.key", "mode": "0400"},
    ]
    return {"files": files, "secretContents": {f"{folder}/deep/er/c.key": "first secret\n"}}


def listing(life, folder: str) -> str:
    text: str = life.machine.run(
        f"cd {folder} && find . -type f -printf '%p %m %u:%g ' -exec sha256sum {{}} \\; | sort"
    )
    return text


def test_files_are_made_with_content_mode_and_owner(life, inputs, folder):
    life.make("Files", inputs)
    shown = life.machine.run(f"stat -c '%n %a %U:%G' {folder}/a.conf {folder}/b.conf {folder}/deep/er/c.key").split(
        "\n"
    )
    modes = ["a.conf 644 root:root", "b.conf 600 ubuntu:adm", "deep/er/c.key 400 root:root"]
    assert shown[:3] == [f"{folder}/{line}" for line in modes]
    assert life.machine.run(f"cat {folder}/a.conf {folder}/deep/er/c.key") == "a = 1\nfirst secret\n"


def test_nothing_differs_after_a_refresh_and_a_second_create_writes_nothing(life, inputs, folder):
    state = life.make("Files", inputs)
    before = life.machine.run(f"stat -c '%i %y %z' {folder}/a.conf {folder}/deep/er/c.key")
    assert life.drift("Files", state) == {}
    life.make("Files", inputs)
    assert life.machine.run(f"stat -c '%i %y %z' {folder}/a.conf {folder}/deep/er/c.key") == before


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("echo x >> {}/a.conf", "files[0].content"),
        ("chmod 0666 {}/a.conf", "files[0].mode"),
        ("chown root {}/b.conf", "files[1].owner"),
        ("chgrp root {}/b.conf", "files[1].group"),
        ("rm {}/b.conf", "files[1].kind"),
        ("rm {0}/a.conf; ln -s /etc/passwd {0}/a.conf", "files[0].kind"),
        ("rm -r {}/deep", "files[2].kind"),
        ("printf '\\377' > {}/a.conf", "files[0].content"),
    ],
)
def test_what_somebody_changed_is_named_and_mended(life, inputs, folder, change, path):
    state = life.make("Files", inputs)
    life.machine.run(change.format(folder))
    drift = life.drift("Files", state)
    assert path in drift
    assert {one.partition("]")[0] for one in drift} <= {
        path.partition("]")[0],
        'secretContents["' + folder + '/deep/er/c.key"',
    }
    life.mend("Files", state)


def test_a_mode_differs_by_its_expected_and_its_actual_value(life, inputs, folder):
    state = life.make("Files", inputs)
    life.machine.run(f"chmod 0666 {folder}/a.conf")
    found = life.read("Files", state)
    assert (state.outputs["files"][0]["mode"], found.outputs["files"][0]["mode"]) == ("0644", "0666")
    assert found.inputs["files"][0]["mode"] == "0666"


def test_a_secret_that_somebody_changed_differs_by_fingerprint_and_is_nowhere_to_be_seen(
    life, inputs, folder, canary, visible
):
    state = life.make("Files", inputs)
    path = f"{folder}/deep/er/c.key"
    life.machine.run(f"cat > {path}", text=canary)
    found = life.read("Files", state)
    expected, actual = (one.outputs["secretContents"][path] for one in (state, found))
    assert expected != actual
    assert actual.startswith("hmac-sha256:")
    assert canary not in visible(found.outputs) + visible(found.inputs)
    assert life.drift("Files", state) == {f'secretContents["{path}"]': "update"}
    life.mend("Files", state)
    assert life.machine.run(f"cat {path}") == "first secret\n"


def test_a_secret_is_in_no_argument_no_log_of_the_host_and_no_answer(life, folder, canary, visible):
    files = [{"path": f"{folder}/c.key", "mode": "0400"}]
    state = life.make("Files", {"files": files, "secretContents": Secret({f"{folder}/c.key": canary})})
    files = [{**files[0], "owner": "nobody-here"}]
    with pytest.raises(PluginError) as refused:
        life.make("Files", {"files": files, "secretContents": Secret({f"{folder}/c.key": canary})})
    journal = life.machine.run("journalctl --no-pager; grep -r . /var/log/auth.log /var/log/syslog || true")
    assert "sudo" in journal
    assert canary not in journal + visible(state.outputs) + str(refused.value) + life.plugin.printed
    key = life.machine.key.splitlines()[1]
    assert key not in journal + str(refused.value) + life.plugin.printed


def test_a_file_that_left_the_set_is_removed_and_one_that_was_there_before_stays(life, inputs, folder):
    life.machine.run(f"echo theirs > {folder}/a.conf")
    state = life.make("Files", inputs)
    left = {"files": [inputs["files"][2]], "secretContents": inputs["secretContents"]}
    state = life.up("Files", state, left)
    assert life.machine.run(f"ls {folder}").split() == ["a.conf", "deep"]
    life.plugin.delete("Files", state.id, state.outputs)
    assert life.machine.run(f"find {folder} -type f") == f"{folder}/a.conf\n"


def test_deleting_leaves_what_somebody_changed(life, inputs, folder):
    state = life.make("Files", inputs)
    life.machine.run(f"echo theirs > {folder}/a.conf")
    life.plugin.delete("Files", state.id, state.outputs)
    assert life.machine.run(f"find {folder} -type f") == f"{folder}/a.conf\n"


@pytest.mark.parametrize(
    ("spoil", "heal", "reason"),
    [
        ("mount -t tmpfs -o size=16k tmpfs {0}/deep", "umount {0}/deep", "No space left on device"),
        ("mount --bind -o ro {0}/deep {0}/deep", "umount {0}/deep", "Read-only file system"),
        ("chattr +i {0}/deep/z.conf", "chattr -i {0}/deep/z.conf", "Operation not permitted"),
        ("touch {0}/m; mount --bind {0}/m {0}/deep/z.conf", "umount {0}/deep/z.conf", "(Invalid cross|Device or res)"),
        ("rm {0}/deep/z.conf; mkdir {0}/deep/z.conf", "rmdir {0}/deep/z.conf", "Is a directory"),
    ],
    ids=["disk full", "read-only", "immutable", "mounted over", "a directory"],
)  # fmt: skip
def test_what_cannot_be_written_changes_nothing_names_the_path_and_the_next_run_goes_on(
    life, folder, spoil, heal, reason
):
    def wanted(text: str) -> dict[str, object]:
        names = ("a.conf", "b.conf", "deep/z.conf")
        return {"files": [{"path": f"{folder}/{name}", "content": text * 4000} for name in names]}

    life.machine.run(f"mkdir {folder}/deep")
    state = life.make("Files", wanted("old text\n"))
    life.machine.run(spoil.format(folder))
    before = listing(life, folder)
    with pytest.raises(PluginError, match=rf"{folder}/deep/z.conf: {reason}.*; .*run again"):
        life.up("Files", state, wanted("new text\n"))
    assert listing(life, folder) == before
    life.machine.run(heal.format(folder))
    life.mend("Files", life.up("Files", state, wanted("new text\n")))
    assert "new text" in life.machine.run(f"head -1 {folder}/deep/z.conf")
    assert life.machine.run(f"find {folder} -name '.*sophia*'") == ""


def test_an_account_that_does_not_exist_is_refused_before_anything_is_written(life, folder):
    files = [{"path": f"{folder}/a", "content": "a"}, {"path": f"{folder}/b", "content": "b", "owner": "nobody-here"}]
    with pytest.raises(PluginError, match=rf"{folder}/b: the host has no user 'nobody-here'"):
        life.make("Files", {"files": files})
    assert life.machine.run(f"ls {folder}") == ""


def test_what_an_interrupted_run_left_is_cleared_by_the_next(life, inputs, folder):
    life.machine.run(f"echo half > {folder}/.a.conf.sophia-new; echo old > {folder}/.a.conf.sophia-old")
    life.make("Files", inputs)
    assert life.machine.run(f"ls -A {folder}").split() == ["a.conf", "b.conf", "deep"]


def test_a_file_that_its_program_refuses_takes_no_place_and_neither_do_the_others(life, inputs, folder):
    state = life.make("Files", inputs)
    before = listing(life, folder)
    checked = {"path": f"{folder}/sshd.conf", "content": "PermitRootLogin perhaps\n", "check": ["sshd", "-t", "-f"]}
    files = [{**inputs["files"][0], "content": "a = 2\n"}, *inputs["files"][1:], checked]
    with pytest.raises(PluginError, match=r"sshd\.conf: sshd does not accept it; no file was changed"):
        life.up("Files", state, {**inputs, "files": files})
    assert listing(life, folder) == before
    checked["content"] = "PermitRootLogin no\n"
    life.up("Files", state, {**inputs, "files": files})
    assert "sshd.conf" in listing(life, folder)


def test_a_mode_that_is_mended_leaves_the_time_of_the_content(life, inputs, folder):
    state = life.make("Files", inputs)
    machine = life.machine
    machine.run(f"touch -d @1000000000 {folder}/a.conf; chmod 0666 {folder}/a.conf")
    life.mend("Files", state)
    assert machine.run(f"stat -c '%a %Y' {folder}/a.conf").split() == ["644", "1000000000"]
