const EVERY = 1000;

let isPaused = false;
let timer = 0;

// "#/", "#/?q=...", "#/map", "#/trace/ID", "#/trace/ID/SPAN"
const where = () => {
    const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const [view, id, spanId] = path.split("/");
    return {view: ["map", "trace"].includes(view) ? view : "list", id, spanId, search};
};

const showView = view => {
    for (const name of ["list", "trace", "map"])
        element(name).hidden = name !== view;
    for (const name of ["list", "map"])
        if (name === view)
            element(`to-${name}`).setAttribute("aria-current", "page");
        else
            element(`to-${name}`).removeAttribute("aria-current");
};

const updateView = async spanId => {
    const {view, id} = where();
    if (view === "trace")
        await updateTrace(id, spanId);
    else if (view === "map")
        await updateMap();
};

const update = async spanId => {
    clearTimeout(timer);
    try {
        await updateList();
        await updateView(spanId);
        element("lost").hidden = true;
    } catch (error) {
        element("lost").hidden = Boolean(error.status);
        setText(element("said"), error.status ? error.message : "");
    }
    clearTimeout(timer);
    if (!isPaused && !document.hidden)
        timer = setTimeout(update, EVERY);
};

const go = () => {
    const {view, search, spanId} = where();
    showView(view);
    if (view === "list" && searchOf().toString() !== search) {
        readSearch(search);
        forget();
    }
    update(spanId);
};

const find = () => {
    const search = searchOf().toString();
    history.replaceState(null, "", search ? `#/?${search}` : "#/");
    element("to-list").href = location.hash;
    forget();
    update();
};

let typing = 0;
element("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, 150);
});
element("search").addEventListener("submit", event => event.preventDefault());
element("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    element("pause").textContent = isPaused ? "Resume" : "Pause";
    update();
});
addEventListener("hashchange", go);
document.addEventListener("visibilitychange", () => update());
setText(element("hint"), `OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`);
go();
