// AMD
