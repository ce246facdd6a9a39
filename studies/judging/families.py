"""Which family a language model belongs to: a judge of a family that wrote advice is flagged."""

import re

# The first word of a model's name that tells its maker or line.
FAMILIES = {
    "gpt": "gpt",
    "chatgpt": "gpt",
    "o1": "gpt",
    "o3": "gpt",
    "o4": "gpt",
    "claude": "claude",
    "gemini": "gemini",
    "gemma": "gemini",
    "llama": "llama",
    "mistral": "mistral",
    "mixtral": "mistral",
    "ministral": "mistral",
    "qwen": "qwen",
    "qwq": "qwen",
    "deepseek": "deepseek",
    "phi": "phi",
    "command": "command",
    "grok": "grok",
}


def model_family(model: str) -> str:
    """The family of a model by its name; a name of no known family is a family of its own.

    >>> model_family("openai/gpt-4o-mini")
    'gpt'
    """
    name = model.lower().rsplit("/", 1)[-1]
    for word in re.split(r"[^a-z0-9]+", name):
        for start, family in FAMILIES.items():
            if re.fullmatch(rf"{start}\d*", word):
                return family
    return name
