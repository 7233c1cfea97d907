"""Official downloads, taken only when their digest is the locked or the published one."""

import hashlib
import shutil
import tarfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from rehearsal.toolchain.disk import require_space, writing
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import Checksum, Download, Tool

_TIMEOUT = httpx.Timeout(30, connect=3)
_SPACE_FACTOR = 2
"""Archive and content lie side by side for a moment; neither is larger than what a build makes."""


class RefusedError(RuntimeError):
    """A download is not to be had or not to be trusted; the message says why, the next source is tried."""


class UnreachableError(RefusedError):
    """A host does not answer from here.

    Args:
        host: its name.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"{host} cannot be reached")


class _PassingError(RefusedError):
    """A fault that another attempt may not meet."""


class Downloads:
    """The official downloads of one run.

    A host that did not answer is not asked again, and an archive that two tools share is fetched once.

    Args:
        edges: the machine.
        shelf: a folder for fetched files that lives as long as the run.
        progress: told what is fetched.
    """

    def __init__(self, edges: Edges, shelf: Path, progress: Progress) -> None:
        self._edges = edges
        self._shelf = shelf
        self._progress = progress
        self._unreachable: set[str] = set()
        self._fetched: dict[str, Path] = {}

    def provide(self, tool: Tool, staging: Path) -> str:
        """The staging folder has the tool as its vendor offers it.

        Args:
            tool: the tool.
            staging: where its files go.

        Returns:
            The addresses it came from.

        Raises:
            RefusedError: it is not to be had, or a digest is unknown or differs.
            ToolError: the disk is full.
        """
        what = f"downloading {tool.label}"
        require_space([(staging, _SPACE_FACTOR * tool.build.size_mib)], self._edges.free_bytes, what)
        with writing(staging, what), httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
            for download in tool.downloads:
                fetched = self._fetched.get(download.url) or self._fetch(client, tool, download)
                self._fetched[download.url] = fetched
                _unpack(fetched, download, staging)
        return " ".join(download.url for download in tool.downloads)

    def _fetch(self, client: httpx.Client, tool: Tool, download: Download) -> Path:
        """The verified file; nothing is left of one that is refused."""
        self._require_reachable(download.url)
        expected = self._edges.lock.sha256(download.url) or self._published(client, download)
        target = self._shelf / hashlib.sha256(download.url.encode()).hexdigest()
        attempts = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5, max=4),
            reraise=True,
        )
        with self._progress.activity(f"Downloading {tool.label} from {urlsplit(download.url).hostname}"):
            digest = attempts(self._stream, client, download.url, target)
        if digest != expected:
            target.unlink()
            message = f"{download.url} has digest {digest} instead of {expected} and was removed"
            raise RefusedError(message)
        return target

    def _stream(self, client: httpx.Client, url: str, target: Path) -> str:
        digest = hashlib.sha256()
        try:
            with client.stream("GET", url) as response, target.open("wb") as file:
                _require_ok(response)
                for block in response.iter_bytes():
                    digest.update(block)
                    file.write(block)
        except httpx.HTTPError as error:
            raise self._fault(url, error) from error
        return digest.hexdigest()

    def _published(self, client: httpx.Client, download: Download) -> str:
        """The digest that the vendor publishes; a download without one is refused."""
        url = download.checksum.url
        self._require_reachable(url)
        try:
            response = client.get(url)
            _require_ok(response)
        except httpx.HTTPError as error:
            raise self._fault(url, error) from error
        digest = _digest(response, download.checksum, download.url.rsplit("/", 1)[1])
        if digest is None:
            message = (
                f"no digest of {download.url} is known and {url} has none: "
                "verify the file and put its SHA-256 into catalog/lock/tools.yaml"
            )
            raise RefusedError(message)
        return digest

    def _require_reachable(self, url: str) -> None:
        host = urlsplit(url).netloc
        if host in self._unreachable:
            raise UnreachableError(host)

    def _fault(self, url: str, error: httpx.HTTPError) -> RefusedError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            host = urlsplit(url).netloc
            self._unreachable.add(host)
            return UnreachableError(host)
        message = f"{url}: {type(error).__name__}: {error}"
        return _PassingError(message)


def _require_ok(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        message = f"{response.url} answers {response.status_code}"
        raise _PassingError(message) if response.is_server_error else RefusedError(message)


def _digest(response: httpx.Response, checksum: Checksum, name: str) -> str | None:
    """The digest of a file in what a vendor publishes, in lower case, or None when it is not there."""
    if checksum.form == "github":
        try:
            digests = {asset["name"]: str(asset.get("digest")) for asset in response.json()["assets"]}
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        algorithm, _, digest = digests.get(name, "").partition(":")
        return digest if algorithm == "sha256" else None
    lines = [line.split() for line in response.text.splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) == 1:
        return lines[0][0].lower()
    return next((line[0].lower() for line in lines if line[-1].lstrip("*") == name), None)


def _unpack(fetched: Path, download: Download, staging: Path) -> None:
    wanted = dict(download.members)
    if alone := wanted.pop("", None):
        shutil.copyfile(fetched, staging / alone)
        (staging / alone).chmod(0o755)
    try:
        if wanted:
            with tarfile.open(fetched, "r:gz") as archive:
                for member in archive:
                    name = wanted.get(member.name.removeprefix("./"))
                    if name and (content := archive.extractfile(member)):
                        del wanted[member.name.removeprefix("./")]
                        with content, (staging / name).open("wb") as file:
                            shutil.copyfileobj(content, file)
                        (staging / name).chmod(0o755)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        message = f"{download.url} is not the archive it should be ({error})"
        raise RefusedError(message) from error
    if wanted:
        message = f"{download.url} lacks {', '.join(sorted(wanted))}"
        raise RefusedError(message)
