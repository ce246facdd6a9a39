"""Static files under hashed names, module imports rewritten, compressed once at collectstatic."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Page scripts are plain ES modules: their imports must point at the hashed names too."""

    support_js_module_import_aggregation = True
