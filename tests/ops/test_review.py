"""What a change means for every stack, told although some of it is refused, and told to the pull request once."""

import json
from datetime import date

import jsonschema
import pytest

import catalog
from catalog import CatalogError, Concern, Offence
from ops import review as reviewing
from ops.differences import differences
from ops.error import InputError
from ops.exit_code import ExitCode
from ops.github import GitHub
from ops.policy_rows import FindingRow
from ops.results import Change, PreviewResult, ReviewResult
from ops.review import by_component, review, surface
from ops.review_report import markdown
from ops.review_rows import ComponentRow, StackReview
from ops.review_telling import CHECK, MARK, annotations, tell
from rehearsal.github import Comment, Fault, Issue, User, serve
from rehearsal.github.records import now
from render import ROOT, render
from tests.ops.conftest import Clock
from tests.renders import once

TODAY = date(2026, 11, 30)
HEAD = "a" * 40


def change(component: str, op: str, name: str, *paths: str) -> Change:
    return Change(component=component, kind="Service", name=name, op=op, paths=paths, urn=name)


@pytest.fixture
def unchanged(monkeypatch):
    """Compares with the same program: what this checkout has committed is no part of a claim."""
    monkeypatch.setattr(reviewing, "render", once)
    monkeypatch.setattr(reviewing, "render_commit", lambda stack, _: once(stack))


@pytest.mark.usefixtures("unchanged")
def test_a_checkout_like_its_base_changes_nothing_costs_what_it_costs_and_fits():
    result = review(["dev"], "HEAD", TODAY)
    (dev,) = result.stacks
    assert (dev.code, dev.refusals, dev.components, dev.planned_by) == (0, (), (), "render")
    assert dev.cost is not None
    assert (dev.cost.before_usd, dev.cost.monthly_usd, dev.cost.difference_usd) == ("941.70", "941.70", "0.00")
    assert dev.room is not None
    assert (dev.room.fits, set(dev.room.left)) == (True, {"sophia-development"})
    assert len(result.commit) == 40
    assert markdown(result).startswith("**dev may be changed**")


def test_what_changes_of_a_stack_is_told_by_component(monkeypatch):
    small = render("dev", choices={"sophia:mcp_servers": ["github"]})
    monkeypatch.setattr(reviewing, "render", once)
    monkeypatch.setattr(reviewing, "render_commit", lambda *_: small)
    (dev,) = review(["dev"], "HEAD", TODAY).stacks
    expected = differences(small, once("dev"))
    assert sum(dev.count(op) for op in ("create", "update", "delete")) == len(expected)
    slack = next(row for row in dev.components if row.component == "mcp-slack")
    assert "Deployment mcp-slack-deployment" in " ".join(slack.create)


def offended(concern: Concern) -> CatalogError:
    return CatalogError([Offence("catalog/limits.yaml: stacks.prod", "9", "it fits", "lower it", concern)])


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("concern", "code"),
    [
        (Concern.INPUT, ExitCode.BAD_INPUT),
        (Concern.COST, ExitCode.COST),
        (Concern.CAPACITY, ExitCode.CAPACITY),
    ],
)
def test_a_stack_that_is_refused_keeps_no_other_from_being_told(monkeypatch, concern, code):
    def rendered(stack: str):
        if stack == "prod":
            raise offended(concern)
        return once(stack)

    monkeypatch.setattr(reviewing, "render", rendered)
    result = review(["prod", "dev"], "HEAD", TODAY)
    prod, dev = result.stacks
    assert (prod.code, dev.code, result.code) == (code, 0, code)
    assert dev.cost is not None
    told = markdown(result)
    assert "prod: `catalog/limits.yaml: stacks.prod: 9: it fits; lower it`" in told
    assert "| dev | passes |" in told


@pytest.mark.usefixtures("unchanged", "later")
def test_policies_prices_and_the_rest_are_told_in_one_look():
    """What `later` has expired refuses prod; its prices are stale by then too."""
    (prod,) = review(["prod"], "HEAD", date(2027, 6, 1)).stacks
    assert prod.code == ExitCode.POLICY, "the worse of the two"
    assert any("PSS-B-hostPath" in why for why in prod.refusals)
    assert any("prices are at most 90 days old" in why for why in prod.refusals)
    assert (prod.cost is not None, prod.room is not None, prod.findings[0].level) == (True, True, "block")


@pytest.mark.usefixtures("unchanged")
def test_the_engines_plan_stands_in_for_the_renders_and_tells_what_is_replaced(tmp_path):
    file = tmp_path / "dev.json"
    one = {"component": "sophia-development", "kind": "Instance", "name": "i", "op": "replace", "urn": "u"}
    file.write_text(json.dumps({"stack": "dev", "changes": [one]}), encoding="utf-8")
    (dev,) = review(["dev"], "HEAD", TODAY, [file]).stacks
    assert dev.planned_by == "engine"
    assert dev.components == (ComponentRow(component="sophia-development", replace=("Instance i",)),)
    with pytest.raises(InputError, match="of dev, which is not reviewed"):
        review(["staging"], "HEAD", TODAY, [file])
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"dev\.json: it is no answer of"):
        review(["dev"], "HEAD", TODAY, [file])


@pytest.mark.usefixtures("unchanged")
def test_a_preview_that_failed_refuses_the_stack(tmp_path):
    file = tmp_path / "dev.json"
    file.write_text(PreviewResult(stack="dev", errors=("the stack is locked",)).model_dump_json(), encoding="utf-8")
    (dev,) = review(["dev"], "HEAD", TODAY, [file]).stacks
    assert (dev.code, dev.refusals) == (ExitCode.BAD_INPUT, ("preview: the stack is locked",))


@pytest.mark.usefixtures("unchanged")
def test_the_verb_answers_by_its_schema_and_writes_what_was_asked_for(sophia, tmp_path, monkeypatch):
    monkeypatch.setattr("ops.review_app.datetime", Clock)
    shown = tmp_path / "review.md"
    left = sophia("review", "--stack", "dev", "--json", "--markdown", str(shown))
    assert left.code == ExitCode.OK
    schema = json.loads((ROOT / "docs/schema/review.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(left.out))
    assert set(json.loads(left.out)) == set(schema["properties"]), "so that a reader need not guess"
    assert shown.read_text(encoding="utf-8").startswith("**dev may be changed**")
    assert "| dev | passes |" in sophia("review", "--stack", "dev").out
    nowhere = sophia("review", "--stack", "dev", "--previews", str(tmp_path / "none"), "--json")
    assert json.loads(nowhere.out)["stacks"][0]["planned_by"] == "render"
    folder = tmp_path / "plans/plan-dev"
    folder.mkdir(parents=True)
    (folder / "preview.json").write_text(PreviewResult(stack="dev").model_dump_json(), encoding="utf-8")
    told = sophia("review", "--stack", "dev", "--previews", str(tmp_path / "plans"), "--json")
    assert json.loads(told.out)["stacks"][0]["planned_by"] == "engine"


def test_a_base_that_there_is_not_is_bad_input(sophia):
    left = sophia("review", "--base", "nowhere", "--stack", "dev")
    assert (left.code, "--base nowhere: git knows no such commit" in left.err) == (ExitCode.BAD_INPUT, True)


def test_what_is_lost_comes_first():
    changes = [change("b", "create", "x"), change("a", "update", "y", "spec.a"), change("c", "delete", "z")]
    changes += [change("d", "replace", "w", *"12345"), change("e", "import", "v"), change("f", "same", "u")]
    rows = [*by_component(changes)]
    assert [row.component for row in rows] == ["c", "d", "a", "b", "e"]
    assert (rows[1].replace, rows[2].update) == (("Service w: 1, 2, 3, 4 and 1 more",), ("Service y: spec.a",))


def test_a_tool_that_says_something_else_of_itself_is_told():
    before = {"github": [{"name": "a", "description": "reads"}, {"name": "b"}]}
    after = {"github": [{"name": "a", "description": "deletes"}], "new": [{"name": "c"}]}
    assert [(row.server, row.tool, row.op, row.paths) for row in surface(before, after)] == [
        ("github", "a", "update", ("description",)),
        ("github", "b", "delete", ()),
        ("new", "c", "create", ()),
    ]


def finding(level: str, number: int = 1, message: str = "must be false; remove it") -> FindingRow:
    return FindingRow(
        rule="R-1",
        verdict="violation",
        level=level,
        severity="high",
        urn="u",
        name="one",
        path="",
        message=message,
        position=f"components/pod.py:{number}",
    )


def found(*findings: FindingRow, **more) -> ReviewResult:
    code = ExitCode.POLICY if any(one.level == "block" for one in findings) else ExitCode.OK
    refusals = tuple(f"{one.rule}: {one.message}" for one in findings if one.level == "block")
    one = StackReview(stack="dev", code=code, refusals=refusals, findings=findings, **more)
    return ReviewResult(stack="", base="b" * 40, commit=HEAD, stacks=(one,))


def test_what_a_change_says_does_nothing_in_a_comment():
    text = markdown(found(finding("block", message="a|b <img src=x> @everyone `c` <!-- d")))
    assert "a\\|b <img src=x> @everyone `c` <!-- d``" in text
    assert "``a\\|b" in text


def test_a_comment_of_200_kilobytes_is_cut_to_what_a_comment_holds_and_says_so():
    rows = [ComponentRow(component=f"c{number}", update=(f"Service {'x' * 90}{number}",)) for number in range(1500)]
    result = found(*[finding("warn", number) for number in range(1, 900)], components=tuple(rows))
    whole, cut = markdown(result, longest=0), markdown(result)
    assert len(whole.encode()) > 200_000
    assert len(cut.encode()) <= 65_000
    assert "more: the report of the run has all of them." in cut
    assert cut.rstrip().endswith("</sub>"), "none of it is cut in the middle"


@pytest.fixture
def fake():
    with serve() as served:
        served.repository.issues[7] = Issue(
            number=7, title="A change", body="", user=User(login="ada"), created_at=now(), updated_at=now()
        )
        yield served


@pytest.fixture
def hub(fake):
    made = GitHub(fake.url, fake.repository.name, fake.token, lambda _: None)
    yield made
    made.close()


def test_a_violation_is_told_by_one_comment_and_a_check_and_both_follow_when_it_is_mended(fake, hub):
    refused = tell(found(finding("block")), hub, 7, HEAD)
    (comment,) = fake.repository.comments.values()
    assert (refused.action, refused.comment) == ("created", comment.id)
    assert comment.body.startswith(f"{MARK}\n**dev is refused by policies**")
    (check,) = fake.repository.checks.values()
    assert (check.name, check.head_sha, check.conclusion) == (CHECK, HEAD, "failure")
    assert [(one["path"], one["start_line"], one["annotation_level"]) for one in check.annotations] == [
        ("components/pod.py", 1, "failure")
    ]
    assert tell(found(finding("block")), hub, 7, HEAD).action == "none", "the same again"

    mended = tell(found(), hub, 7, "b" * 40)
    (same,) = fake.repository.comments.values()
    assert (mended.action, mended.comment, same.id) == ("updated", comment.id, comment.id)
    assert "dev may be changed" in same.body
    assert [*fake.repository.checks.values()][-1].conclusion == "success"


def test_more_annotations_than_a_request_takes_are_all_there(fake, hub):
    tell(found(*[finding("warn", number) for number in range(1, 131)]), hub, 7, HEAD)
    (check,) = fake.repository.checks.values()
    assert [one["start_line"] for one in check.annotations] == [*range(1, 131)]


def test_an_offence_is_shown_beside_its_file():
    refusals = ("catalog/limits.yaml: stacks.prod: 9: no", "x: y")
    result = ReviewResult(stack="", stacks=(StackReview(stack="prod", code=2, refusals=refusals),))
    assert [(one["path"], one["title"]) for one in annotations(result)] == [("catalog/limits.yaml", "prod")]
    assert (catalog.ROOT / "limits.yaml").is_file()


def test_whoever_imitates_the_comment_is_passed_over_and_one_too_many_goes(fake, hub):
    stranger = User(login="eve", type="User", association="NONE")
    for key, user in ((1, stranger), (2, User(login="bot")), (3, User(login="bot"))):
        fake.repository.comments[key] = Comment(id=key, issue=7, body=f"{MARK}\nold", user=user, created_at=now())
    assert tell(found(), hub, 7, HEAD).comment == 2
    assert [*fake.repository.comments] == [1, 2]
    assert fake.repository.comments[1].body == f"{MARK}\nold"


def test_a_token_that_may_not_write_is_told_with_what_it_needs(fake, hub):
    fake.api.faults.script(Fault(403, method="POST", times=9))
    result = tell(found(), hub, 7, HEAD)
    assert "`permissions`" in result.errors[0]


@pytest.fixture
def workflow(fake, monkeypatch, tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}), encoding="utf-8")
    for name, value in {**fake.environment, "GITHUB_EVENT_PATH": str(event)}.items():
        monkeypatch.setenv(name, value)
    return event


def test_a_review_that_could_not_be_made_is_told_too(sophia, workflow, fake, tmp_path):
    assert sophia("review", "tell", "--report", str(tmp_path / "none.json")).code == ExitCode.OK
    (comment,) = fake.repository.comments.values()
    assert "the review could not be made" in comment.body
    (check,) = fake.repository.checks.values()
    assert check.conclusion == "failure"
    assert workflow.exists()


def test_a_report_of_the_verb_is_told_as_it_is(sophia, workflow, fake, tmp_path):
    report = tmp_path / "review.json"
    report.write_text(found(finding("block")).model_dump_json(), encoding="utf-8")
    left = sophia("review", "tell", "--report", str(report), "--json")
    assert json.loads(left.out)["action"] == "created"
    assert "R-1" in next(iter(fake.repository.comments.values())).body
    workflow.write_text("{}", encoding="utf-8")
    assert "it is no event of a pull request" in sophia("review", "tell", "--report", str(report)).err
