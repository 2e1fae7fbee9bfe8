"""The models on offer, and the schema of their requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from talkies.engines import Capabilities, engine_names, find_engine
from talkies.errors import NotFound
from talkies.keys import Key
from talkies.server.answers import JSONReply, success
from talkies.server.auth import Authenticator
from talkies.server.dialects import modellix
from talkies.server.shapes import ModelsReply, SchemaReply, documented

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 24, 100  # as published
MAX_SHOWN = 100  # characters of an unknown model that come back


@dataclass(frozen=True)
class Model:
    """A name that tasks can be submitted to, and the engine behind it."""

    slug: str
    engine: str
    capabilities: Capabilities


class Catalogue:
    """The published model, made by the engine of the settings, and each engine under its own name."""

    def __init__(self, default_engine: str) -> None:
        named = {modellix.MODEL: default_engine} | {
            f"{modellix.OWN_PROVIDER}/{name}": name for name in engine_names()
        }
        self.models = {
            slug: Model(slug, name, find_engine(name).capabilities) for slug, name in named.items()
        }

    def find(self, slug: str) -> Model:
        """Find a model by its slug.

        Raises:
            NotFound: there is none; the message lists those that are.
        """
        model = self.models.get(slug)
        if model is None:
            raise NotFound(f"model {slug[:MAX_SHOWN]}: not found; use one of {', '.join(self.models)}")
        return model


Category = Annotated[str | None, Query(description="`video`; others have no models here.", max_length=64)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="From 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)]


def routes(catalogue: Catalogue, auth: Authenticator, public_url: str) -> APIRouter:
    """Make the routes of the catalogue."""
    router = APIRouter(tags=["Models"])
    anybody = auth.needs()

    @router.get("/api/v1/models", **documented(ModelsReply, 400, 401, 429))
    async def list_models(
        key: Key = anybody,
        category: Category = None,
        page: PageNumber = 1,
        page_size: PageSize = DEFAULT_PAGE_SIZE,
    ) -> Response:
        """List the models, in the published shape: `models` at the top level."""
        del key
        offered = [_entry(model, public_url) for model in catalogue.models.values()]
        found = offered if category in (None, "video") else []
        shown = found[(page - 1) * page_size : page * page_size]
        return success(
            models=shown,
            total=len(found),
            page=page,
            page_size=page_size,
            has_more=page * page_size < len(found),
        )

    @router.get("/models/{provider}/{model}/api_schema", **documented(SchemaReply, 404))
    async def read_schema(provider: str, model: str) -> Response:
        """Give the JSON Schema of a model's requests. No key is needed."""
        return JSONReply(api_schema(catalogue.find(f"{provider}/{model}").slug, public_url))

    return router


def api_schema(slug: str, public_url: str) -> dict[str, Any]:
    """Describe one model's submit in the published shape: a piece of an OpenAPI document."""
    return {
        "servers": [{"url": f"{public_url}/api/v1/{slug}"}],
        "post": {
            "description": "Make a video with sound from a picture and a sentence.",
            "operationId": slug.replace("/", "-"),
            "requestBody": {
                "content": {
                    "application/json": {
                        "examples": modellix.EXAMPLES,
                        "schema": modellix.request_schema(),
                    }
                }
            },
        },
    }


def _entry(model: Model, public_url: str) -> dict[str, Any]:
    able = model.capabilities
    return {
        "slug": model.slug,
        "provider": model.slug.partition("/")[0],
        "type": modellix.MODEL_TYPE,
        "description": f"Engine {model.engine}: {able.summary}",
        "docs_url": f"{public_url}/docs",
        "capabilities": able.model_dump(mode="json"),
    }
