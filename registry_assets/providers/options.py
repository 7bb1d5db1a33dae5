"""How options are read: from text as it stands in the file, from an environment variable, or from Python values."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    model_validator,
)

from registry_assets.providers.placeholders import has_placeholder

EXPANDED = {"expanded": True}

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def whole_number(low: int, high: int | None = None) -> BeforeValidator:
    """Accepts an integer, or its decimal digits, within the range; a boolean is no integer."""
    expected = f"must be a whole number from {low} {f'to {high}' if high is not None else 'up'}"

    def validate(value: object) -> int:
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
            raise ValueError(expected)
        return value

    return BeforeValidator(validate)


def _switch(value: object) -> bool:
    if isinstance(value, str):
        value = _SWITCH.get(value.strip().lower())
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - pydantic reports ValueErrors
    return value


Switch = Annotated[bool, BeforeValidator(_switch)]


def is_expanded(info: ValidationInfo) -> bool:
    """Whether `${VAR}` has been expanded, so that what still looks like it is meant literally."""
    return bool(info.context and info.context.get("expanded"))


class Options(BaseModel):
    """A mapping of options. What is null counts as not given.

    A number or switch that holds `${VAR}` has its default until a crawl starts; `deferred` keeps its text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    not_text: ClassVar[frozenset[str]] = frozenset()
    empty_is_unset: ClassVar[bool] = False
    _deferred: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        given = {key: value for key, value in data.items() if not cls._is_unset(key, value)}
        deferred = {} if is_expanded(info) else cls._find_deferred(given)
        options = handler({key: value for key, value in given.items() if key not in deferred})
        options._deferred = deferred  # noqa: SLF001 - an instance of this class
        return options

    @classmethod
    def _is_unset(cls, key: str, value: object) -> bool:
        return key in cls.model_fields and (value is None or (cls.empty_is_unset and value == ""))

    @classmethod
    def _find_deferred(cls, given: Mapping[str, Any]) -> dict[str, str]:
        return {
            key: value
            for key, value in given.items()
            if key in cls.not_text and isinstance(value, str) and has_placeholder(value)
        }

    def written(self) -> dict[str, Any]:
        """The options that were given, as plain data with the secrets in it, still with their `${VAR}`."""
        given = {name: _plain(getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set}
        return given | self._deferred


def _plain(value: Any) -> Any:
    if isinstance(value, Options):
        return value.written()
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
