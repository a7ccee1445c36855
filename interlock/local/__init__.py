"""The laptop cloud: the synthesized templates, deployed unchanged into one moto process."""
