"""The stages, one file each: `run(inputs, config, models, context, files) -> result`, no Django, no globals."""
