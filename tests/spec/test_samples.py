from PIL import Image

from spec import artifact, reference
from spec.models import packaged
from spec.photograph import square
from spec.samples import samples


def test_the_packaged_network_knows_those_that_are_drawn():
    quantized = artifact.load(packaged())
    said = {}
    for path in samples():
        with Image.open(path) as image:
            sums = reference.run(quantized, square(image, quantized.framing))["sums"]
        said[path.stem] = quantized.label(quantized.decision.answer(sums))
    assert said == {"cheetah": "CHEETAH", "house-cat": "PUMA", "tiger": "none"}


def test_their_page_names_each():
    page = (samples()[0].parent / "README.md").read_text()
    assert all(f"`{path.name}`" in page for path in samples())
