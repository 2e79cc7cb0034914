"""Other people's programs from a package registry: those of a folder's lock file, Node.js among them."""
import os
import platform
import shutil
import subprocess

MACHINE = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def install(folder, place):
    """Installs them at that place, unless they are there; returns where the modules are, and Node.js."""
    os.makedirs(place, exist_ok=True)
    modules, stamp = os.path.join(place, "node_modules"), os.path.join(place, "installed")
    with open(os.path.join(folder, "package-lock.json"), encoding="utf-8") as file:
        wanted = file.read()
    there = ""
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            there = file.read()
    if there != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(folder, name), place)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=True)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
    return modules, os.path.join(modules, f"node-linux-{MACHINE}", "bin", "node")
