"""What differs between registry types before a registry is asked anything: defaults and how credentials are meant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegistryType:
    """One value of `registry_type`.

    `api_url` is a directory where `is_directory` holds. `implied_namespace` is what a name without a slash belongs
    to. `token_username` is the user name that the vendor prescribes for a token that comes alone; where it is null and
    `token_alone` holds, the token is sent as it is. `credentials` are the rows of the documentation's table.
    """

    name: str
    title: str
    default_api_url: str | None = None
    example_api_url: str = ""
    is_directory: bool = False
    implied_namespace: str = ""
    token_alone: bool = True
    token_username: str | None = None
    takes_credentials: bool = True
    credentials: tuple[tuple[str, str], ...] = ()


_NOTHING = ("nothing", "the entry in `~/.docker/config.json` for this host, else anonymous")

REGISTRY_TYPES: dict[str, RegistryType] = {
    registry_type.name: registry_type
    for registry_type in (
        RegistryType(
            name="docker-hub",
            title="Docker Hub",
            default_api_url="https://registry-1.docker.io",
            implied_namespace="library",
            token_alone=False,
            credentials=(
                ("`username` + `password`", "a Docker ID and an access token (or the account's password)"),
                ("`username` + `token`", "the same; an organisation's access token goes with the organisation's name"),
                _NOTHING,
            ),
        ),
        RegistryType(
            name="ecr",
            title="Amazon ECR",
            example_api_url="https://123456789.dkr.ecr.us-west-2.amazonaws.com",
            token_username="AWS",  # noqa: S106 - the user name that Amazon prescribes
            credentials=(
                ("`token`", "what `aws ecr get-login-password` prints; good for 12 hours"),
                ("`username` + `password`", "`AWS` and the same"),
                ("nothing", "the AWS chain (environment, profile, role), else `~/.docker/config.json`, else anonymous"),
            ),
        ),
        RegistryType(
            name="gcr",
            title="Google Container Registry",
            default_api_url="https://gcr.io",
            token_username="oauth2accesstoken",  # noqa: S106 - the user name that Google prescribes
            credentials=(
                ("`token`", "what `gcloud auth print-access-token` prints; good for an hour"),
                ("`username` + `password`", "`_json_key` and the text of a service account's key file"),
                ("nothing", "Application Default Credentials, else `~/.docker/config.json`, else anonymous"),
            ),
        ),
        RegistryType(
            name="acr",
            title="Azure Container Registry",
            example_api_url="https://myregistry.azurecr.io",
            token_username="00000000-0000-0000-0000-000000000000",  # noqa: S106 - the user name that Azure prescribes
            credentials=(
                ("`username` + `password`", "a service principal, a repository-scoped token, or the admin account"),
                ("`token`", "what `az acr login --expose-token` prints; good for 3 hours"),
                ("nothing", "Azure's default credential chain, else `~/.docker/config.json`, else anonymous"),
            ),
        ),
        RegistryType(
            name="ghcr",
            title="GitHub Container Registry",
            default_api_url="https://ghcr.io",
            token_username="token",  # noqa: S106 - GitHub reads the token only
            credentials=(
                ("`username` + `token`", "a GitHub user and a classic personal access token with `read:packages`"),
                ("`username` + `password`", "the same"),
                ("`token`", "the personal access token, whoever it belongs to"),
                _NOTHING,
            ),
        ),
        RegistryType(
            name="private",
            title="Private registry",
            example_api_url="https://registry.company.com",
            credentials=(
                ("`username` + `password`", "Basic authentication, also at the registry's token server"),
                ("`username` + `token`", "the same: a robot account's or a personal access token"),
                ("`token`", "a Bearer token, sent as it is"),
                _NOTHING,
            ),
        ),
        RegistryType(
            name="oci-layout",
            title="OCI image layouts",
            example_api_url="examples/sample-registry",
            is_directory=True,
            takes_credentials=False,
            credentials=(("nothing", "a directory needs none"),),
        ),
    )
}
