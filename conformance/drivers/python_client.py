"""openai-python as its users run it: default HTTP client, only base URL and key given.

Needs nothing but the standard library and ``openai``, so that an interpreter with another release
of it can run this as well.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from conformance.drivers.python_sdk_consume import consume, without_loop
from conformance.drivers.sdk_call import SdkOptions, call_of, options_of
from conformance.drivers.sdk_environment import Hush, clean_environment
from conformance.exchange import ClientView
from conformance.probe import Probe, Skip

_UNUSED = "http://127.0.0.1:9/v1"


class PythonClient:
    """One of the two clients, shared by all calls as an application would share it."""

    def __init__(self, *, asynchronous: bool) -> None:
        self._asynchronous = asynchronous
        with clean_environment():
            import openai

            kind = openai.AsyncOpenAI if asynchronous else openai.OpenAI
            self._client: Any = kind(base_url=_UNUSED, api_key="unused")
        self._bare: list[Any] = []
        self.version = f"openai-python {openai.__version__}"
        self._hush = Hush().__enter__()

    async def send(
        self, base_url: str, key: str, probe: Probe, body: Any, path: str, patience: float
    ) -> ClientView:
        """Make the call of a probe. Raises Skip when this library cannot.

        ``patience``: seconds after which it is given up, whatever the library still waits for.
        """
        options = options_of(probe)
        call = call_of(probe, body, path)
        work = consume(self._prepared(base_url, key, options), self.version, call, options)
        try:
            async with asyncio.timeout(patience):
                if self._asynchronous:
                    return await work
                return await _in_thread(lambda: without_loop(work))
        except TimeoutError:
            error = {"classes": ["Abandoned"], "message": "the call did not come back"}
            return ClientView(self.version, call.name, "raised", None, error)

    def _prepared(self, base_url: str, key: str, options: SdkOptions) -> Any:
        given: dict[str, Any] = {"base_url": base_url, "api_key": key}
        if options.max_retries is not None:
            given["max_retries"] = options.max_retries
        if options.timeout is not None:
            given["timeout"] = options.timeout
        if options.bare:
            found = {"OPENAI_API_KEY": given.pop("api_key"), "OPENAI_BASE_URL": base_url}
            with clean_environment(found):
                self._bare.append(type(self._client)())
            if str(self._bare[-1].base_url).rstrip("/") != base_url.rstrip("/"):
                # 1.0 reads none and would send the key of the target to api.openai.com
                raise Skip("this version of the client library reads no OPENAI_BASE_URL")
            return self._bare[-1].with_options(**{k: given[k] for k in given.keys() - {"base_url"}})
        with clean_environment(options.environment):
            return self._client.with_options(**given)

    async def aclose(self) -> None:
        for client in (self._client, *self._bare):
            if self._asynchronous:
                await client.close()
            else:
                client.close()
        self._hush.__exit__()


async def _in_thread(work: Callable[[], ClientView]) -> ClientView:
    """Run in a thread that does not keep the process alive when the call never returns."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[ClientView] = loop.create_future()

    def done(view: ClientView | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            assert view is not None
            future.set_result(view)

    def body() -> None:
        view, error = None, None
        try:
            view = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may be gone
            loop.call_soon_threadsafe(done, view, error)

    threading.Thread(target=body, name="python-sdk", daemon=True).start()
    return await future
