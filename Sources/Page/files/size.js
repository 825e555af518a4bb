// Shapes of pictures: sizes with about as many pixels as the model was trained for.
import { $, el } from "./dom.js";

const shapes = [[1, 1], [5, 4], [4, 3], [3, 2], [16, 9]];

/** Sides in the model's multiple. */
function sizeOf([across, down], model) {
  const round = (side) => Math.max(1, Math.round(side / model.side_multiple)) * model.side_multiple;
  const scale = model.native_side / Math.sqrt(across * down);
  return [round(across * scale), round(down * scale)];
}

/** Buttons that set width and height; one keeps the orientation that is there. */
export function makeShapes(form) {
  const side = (key) => form.controls.get(key).value ?? form.controls.get(key).usualValue;
  const buttons = shapes.map((shape) => {
    const size = sizeOf(shape, form.model);
    const outline = el("i", { "aria-hidden": "true" });
    outline.style.aspectRatio = `${shape[0]} / ${shape[1]}`;
    const node = el("button", {
      type: "button", title: size.join(" × "),
      onclick: () => {
        const [width, height] = side("height") > side("width") ? size.toReversed() : size;
        form.set("width", width);
        form.set("height", height);
      },
    }, outline, shape.join(":"));
    node.size = size;
    return node;
  });
  $("#shapes").replaceChildren(...buttons);
  const mark = () => {
    const now = [side("width"), side("height")].sort((one, other) => other - one);
    for (const node of buttons) node.ariaPressed = String(node.size.every((value, place) => value === now[place]));
  };
  form.listeners = form.listeners.filter((listener) => !listener.ofShapes);
  form.listeners.push(Object.assign(mark, { ofShapes: true }));
}
