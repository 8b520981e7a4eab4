// Runs once per gr.HTML component. A control with data-event="name" sends that event with its other data-* to Python.
const send = (source, extra) => {
  const { event, ...data } = source.dataset;
  if (EVENTS.includes(event)) trigger(event, { ...data, ...extra });
};

element.addEventListener("click", (click) => {
  const control = click.target.closest("button[data-event], a[data-event]");
  if (!control || !element.contains(control)) return;
  click.preventDefault();
  if (control.hasAttribute("aria-pressed")) {
    // Shown at once; Python's answer then draws the truth.
    const on = control.getAttribute("aria-pressed") === "true";
    control.closest("[role=group]").querySelectorAll("[aria-pressed]").forEach((b) => b.setAttribute("aria-pressed", "false"));
    control.setAttribute("aria-pressed", String(!on));
    send(control, { kind: on ? "none" : control.dataset.kind });
    return;
  }
  // A double click is one press.
  if (click.detail > 1) return;
  send(control);
});

// A text for the clipboard, or an address of this page.
element.addEventListener("click", async (click) => {
  const control = click.target.closest("[data-copy], [data-copy-link]");
  if (!control || !element.contains(control)) return;
  const { copy, copyLink } = control.dataset;
  try {
    await navigator.clipboard.writeText(copyLink ? location.origin + copyLink : copy);
    control.textContent = "Copied";
  } catch {
    control.textContent = "Not allowed";
  }
});

// A message that is said differently: its form stands in its place until it is sent or given up.
const revising = (ask, on) => {
  const form = ask.querySelector("form");
  form.hidden = !on;
  ask.querySelectorAll(".asked, [data-edit]").forEach((part) => (part.hidden = on));
  if (on) form.querySelector("textarea").select();
  else ask.querySelector("[data-edit]").focus();
};
element.addEventListener("click", (click) => {
  const control = click.target.closest("[data-edit], [data-cancel]");
  if (control) revising(control.closest(".ask"), control.hasAttribute("data-edit"));
});
element.addEventListener("keydown", (key) => {
  if (!key.target.matches(".revise textarea") || key.isComposing) return;
  if (key.key === "Escape") {
    key.preventDefault();
    revising(key.target.closest(".ask"), false);
  } else if (key.key === "Enter" && !key.shiftKey) {
    key.preventDefault();
    key.target.form.requestSubmit();
  }
});

// A drawn graph: a pressed node keeps its paths lit and dims the rest; pressed again, or Escape, shows all.
const follow = (graph, node) => {
  const on = node !== null && node.getAttribute("aria-pressed") !== "true";
  const kept = new Set(on ? node.dataset.paths.split(" ") : []);
  graph.classList.toggle("focused", on);
  graph.querySelectorAll("[data-paths]").forEach((part) => {
    part.classList.toggle("lit", part.dataset.paths.split(" ").some((path) => kept.has(path)));
    if (part.matches("button")) part.setAttribute("aria-pressed", String(on && part === node));
  });
};
element.addEventListener("click", (click) => {
  const node = click.target.closest("[data-focusable] button[data-paths]");
  if (node) follow(node.closest("[data-focusable]"), node);
});
element.addEventListener("keydown", (key) => {
  const graph = key.target.closest("[data-focusable]");
  if (graph && key.key === "Escape") follow(graph, null);
});

element.addEventListener("submit", (submit) => {
  submit.preventDefault();
  const form = submit.target;
  const input = form.querySelector("input, textarea");
  const text = input.value.trim();
  if (!text) return;
  if (form.matches(".adder:not([data-key])")) input.value = "";
  send(form, { text });
});

element.addEventListener("change", (change) => {
  const list = change.target.closest("[data-event][data-boxes]");
  if (!list || change.target.type !== "checkbox") return;
  const without = [...list.querySelectorAll("input[type=checkbox]:not(:checked)")].map((box) => box.value);
  send(list, { without });
});

element.addEventListener("change", (change) => {
  const choice = change.target.closest("select[data-event]");
  if (choice) send(choice, { column: choice.value });
});

// A text field with suggestions: [role=combobox] and the [role=listbox] after it.
let timer = 0;
let asked = 0;
// Whether something was typed that the options in the list do not answer yet.
let stale = false;
const combobox = () => element.querySelector("[role=combobox]");
const listbox = () => element.querySelector("[role=listbox]");

const close = () => {
  clearTimeout(timer);
  asked++;
  stale = false;
  listbox().hidden = true;
  combobox().setAttribute("aria-expanded", "false");
  combobox().removeAttribute("aria-activedescendant");
};

const choose = (option) => {
  combobox().value = option.dataset.label;
  close();
  send(combobox(), { key: option.dataset.key });
};

const offer = async () => {
  clearTimeout(timer);
  const turn = ++asked;
  const text = combobox().value;
  const found = await server.find(text);
  if (turn !== asked) return;
  stale = combobox().value !== text;
  const list = listbox();
  list.replaceChildren(
    ...found.map((entry, n) => {
      const option = document.createElement("div");
      option.role = "option";
      option.id = `${list.id}-${n}`;
      option.dataset.key = entry.key;
      option.dataset.label = entry.label;
      const label = document.createElement("span");
      label.textContent = entry.label;
      const detail = document.createElement("span");
      detail.className = "detail";
      detail.textContent = entry.detail;
      option.append(label, detail);
      return option;
    }),
  );
  list.hidden = found.length === 0;
  combobox().setAttribute("aria-expanded", String(found.length > 0));
};

const move = (step) => {
  const options = [...listbox().children];
  if (!options.length) return;
  const now = options.findIndex((option) => option.ariaSelected === "true");
  options.forEach((option) => (option.ariaSelected = "false"));
  const next = options[(now + step + options.length) % options.length];
  next.ariaSelected = "true";
  next.scrollIntoView({ block: "nearest" });
  combobox().setAttribute("aria-activedescendant", next.id);
};

element.addEventListener("input", (input) => {
  if (input.target !== combobox()) return;
  stale = true;
  clearTimeout(timer);
  timer = setTimeout(offer, 150);
});
element.addEventListener("focusin", (focus) => {
  if (focus.target !== combobox()) return;
  combobox().select();
  offer();
});
element.addEventListener("focusout", (focus) => {
  if (focus.target === combobox()) close();
});
element.addEventListener("mousedown", (press) => {
  const option = press.target.closest("[role=option]");
  if (!option) return;
  press.preventDefault();
  choose(option);
});
element.addEventListener("keydown", async (key) => {
  if (key.target !== combobox()) return;
  if (key.key === "ArrowDown" || key.key === "ArrowUp") {
    key.preventDefault();
    move(key.key === "ArrowDown" ? 1 : -1);
  } else if (key.key === "Escape") {
    close();
  } else if (key.key === "Enter") {
    key.preventDefault();
    const marked = () => [...listbox().children].find((option) => option.ariaSelected === "true");
    // Enter may be faster than the search: what it takes has to be of the text that was typed.
    if (stale && !marked()) await offer();
    const picked = marked() ?? (stale || listbox().hidden ? undefined : listbox().children[0]);
    if (picked) choose(picked);
  }
});

// Bring a new question to the top of the window once, so that its cards are in view.
let turn = element.querySelector("[data-turn]")?.dataset.turn;
watch("value", () => {
  // A box that was clicked no longer follows its attribute, nor a choice that was made.
  element.querySelectorAll("input[type=checkbox]").forEach((box) => (box.checked = box.hasAttribute("checked")));
  element.querySelectorAll("select").forEach((choice) => (choice.value = choice.querySelector("[selected]")?.value ?? ""));
  const last = element.querySelector("[data-turn]:last-of-type");
  if (last && last.dataset.turn !== turn) {
    if (turn !== undefined) last.scrollIntoView({ behavior: "smooth", block: "start" });
    turn = last.dataset.turn;
  }
});
