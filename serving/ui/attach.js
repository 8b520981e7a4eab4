// The control beside the text box that takes a picture: chosen, dropped on the conversation, or pasted. It goes to the
// API of the chat, which checks it; Python is told its name, or why it was refused.
const field = element.querySelector("input[type=file]");
const control = element.querySelector("[data-choose]");
const talk = () => element.closest(".talk");
const inView = () => element.isConnected && element.checkVisibility();

const problemOf = async (response) => {
  try {
    return await response.json();
  } catch {
    return { detail: "the picture did not arrive", fix: "Try again, or send a smaller one." };
  }
};

const take = async (file) => {
  if (!file || control.disabled) return;
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    const address = new URLSearchParams(location.search);
    const session = { user: address.get("user") ?? "", chat: address.get("chat") ?? "" };
    const here = await server.place(JSON.stringify(session));
    if (!here.chat) {
      trigger("refused", here);
    } else if (file.size > Number(field.dataset.most)) {
      trigger("refused", { ...here, detail: `the picture has ${file.size.toLocaleString("en")} bytes`, fix: field.dataset.fix });
    } else {
      const body = new FormData();
      body.append("file", file);
      const response = await fetch(`/api/v1/chats/${encodeURIComponent(here.chat)}/pictures`, { method: "POST", body });
      if (response.ok) trigger("attached", { ...here, name: (await response.json()).name });
      else {
        const { detail, fix } = await problemOf(response);
        trigger("refused", { ...here, detail, fix: fix ?? "" });
      }
    }
  } catch {
    trigger("refused", { detail: "the picture did not arrive", fix: "Try again, or send a smaller one." });
  } finally {
    control.disabled = false;
    control.removeAttribute("aria-busy");
    field.value = "";
    document.querySelector("#message textarea")?.focus();
  }
};

control.addEventListener("click", () => field.click());
field.addEventListener("change", () => take(field.files[0]));
document.addEventListener("paste", (paste) => {
  const file = paste.clipboardData?.files[0];
  if (!file || !inView()) return;
  paste.preventDefault();
  take(file);
});
const dragged = (drag) => inView() && drag.dataTransfer?.types.includes("Files") && talk().contains(drag.target);
document.addEventListener("dragover", (drag) => {
  if (element.isConnected) talk().classList.toggle("dropping", Boolean(dragged(drag)));
  if (dragged(drag)) drag.preventDefault();
});
document.addEventListener("dragleave", (drag) => {
  if (!drag.relatedTarget && element.isConnected) talk().classList.remove("dropping");
});
document.addEventListener("drop", (drop) => {
  if (!dragged(drop)) return;
  drop.preventDefault();
  talk().classList.remove("dropping");
  take(drop.dataTransfer.files[0]);
});
