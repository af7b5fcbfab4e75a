const trace = {id: "", version: 0, spans: [], visible: [], folded: new Set(), took: 1};

const KINDS = ["unset", "internal", "server", "client", "producer", "consumer"];

// ---- OTLP in JSON ----

const valueOf = value => {
    if (!value)
        return "";
    if (value.arrayValue)
        return `[${(value.arrayValue.values || []).map(valueOf).join(", ")}]`;
    if (value.kvlistValue)
        return `{${(value.kvlistValue.values || []).map(one => `${one.key}: ${valueOf(one.value)}`).join(", ")}}`;
    return String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ??
        value.bytesValue ?? "");
};

const pairsOf = attributes => (attributes || []).map(one => [one.key || "", valueOf(one.value)]);

const flatten = request => {
    const spans = [];
    for (const {resource = {}, scopeSpans = []} of request.resourceSpans || []) {
        const attributes = pairsOf(resource.attributes);
        const service = (attributes.find(([key]) => key === "service.name") || [])[1] || "unknown_service";
        for (const {scope = {}, spans: inner = []} of scopeSpans)
            for (const span of inner)
                spans.push({span, service, resource: attributes, scope, children: [], isPlaced: false});
    }
    return spans;
};

// Times are counted from the trace's start: a double has no room for the nanoseconds of the epoch.
const measure = spans => {
    const starts = spans.map(one => BigInt(one.span.startTimeUnixNano || 0));
    const base = starts.reduce((a, b) => a < b ? a : b, starts[0] || 0n);
    let end = 1;
    spans.forEach((one, i) => {
        one.start = Number(starts[i] - base);
        one.took = Math.max(0, Number(BigInt(one.span.endTimeUnixNano || 0) - starts[i]));
        one.events = (one.span.events || []).map(event => Number(BigInt(event.timeUnixNano || 0) - base));
        one.hasFailed = (one.span.status || {}).code === 2;
        end = Math.max(end, one.start + one.took);
    });
    return [base, end];
};

// ---- the tree ----

const byStart = (a, b) => a.start - b.start;

const place = (roots, order) => {
    const stack = roots.map(one => [one, 0]).reverse();
    while (stack.length) {
        const [one, level] = stack.pop();
        if (one.isPlaced)
            continue;
        one.isPlaced = true;
        one.level = level;
        order.push(one);
        for (const child of one.children.sort(byStart).reverse())
            stack.push([child, level + 1]);
    }
};

// A span whose parent is not here is a root; of a circle, its first span is.
const arrange = spans => {
    const byId = new Map(spans.map(one => [one.span.spanId, one]));
    const order = [];
    const roots = spans.filter(one => {
        const parent = one.span.parentSpanId && byId.get(one.span.parentSpanId);
        if (parent && parent !== one)
            parent.children.push(one);
        return !parent || parent === one;
    });
    place(roots.sort(byStart), order);
    for (const one of [...spans].sort(byStart))
        if (!one.isPlaced)
            place([one], order);
    return order;
};

const unfold = () => {
    let hidden = Infinity;
    trace.visible = trace.spans.filter(one => {
        if (one.level > hidden)
            return false;
        hidden = trace.folded.has(one.span.spanId) ? one.level : Infinity;
        return true;
    });
    waterfall.show(trace.visible);
};

// ---- rows ----

const spanRow = () => {
    const label = cell("label");
    const line = cell("line");
    const parts = {fold: make("span", "fold"), name: make("span", "name service"), of: make("span", "of"),
        bar: make("div", "span"), text: make("span", "text"), events: []};
    parts.fold.setAttribute("aria-hidden", "true");
    label.append(parts.fold, parts.name, parts.of);
    line.append(parts.bar, parts.text);
    const row = make("div", "", label, line);
    row.parts = parts;
    return row;
};

const EVENTS = 20;

const fillEvents = (row, one) => {
    const {events} = row.parts;
    const shown = one.events.slice(0, EVENTS);
    while (events.length < shown.length) {
        events.push(make("div", "event"));
        row.children[1].append(events.at(-1));
    }
    events.forEach((mark, i) => {
        mark.hidden = i >= shown.length;
        if (!mark.hidden)
            mark.style.left = `${Math.min(100, Math.max(0, 100 * shown[i] / trace.took))}%`;
    });
};

const fillSpanRow = (row, one) => {
    const {fold, name, of, bar, text} = row.parts;
    const isFolded = trace.folded.has(one.span.spanId);
    const left = 100 * one.start / trace.took;
    const right = 100 * (one.start + one.took) / trace.took;
    row.style.setProperty("--level", one.level);
    row.setAttribute("aria-level", one.level + 1);
    if (one.children.length)
        row.setAttribute("aria-expanded", !isFolded);
    else
        row.removeAttribute("aria-expanded");
    setText(fold, one.children.length ? (isFolded ? "▸" : "▾") : "");
    setText(name, one.span.name || "(no name)");
    setText(of, one.service);
    colour(row, one.service);
    bar.style.left = `${left}%`;
    bar.style.width = `${right - left}%`;
    setText(text, duration(one.took));
    text.style.left = right < 80 ? `${right}%` : "auto";
    text.style.right = right < 80 ? "auto" : left > 20 ? `${100 - left}%` : ".25rem";
    text.classList.toggle("inside", right >= 80 && left <= 20);
    row.classList.toggle("failed", one.hasFailed);
    fillEvents(row, one);
};

const ruler = () => {
    const column = cell("ruler", "columnheader");
    for (let i = 1; i <= 4; i++) {
        const mark = make("span");
        mark.style.left = `${25 * i}%`;
        column.append(mark);
    }
    const row = make("div", "row", Object.assign(cell("", "columnheader"), {textContent: "Span"}), column);
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", 1);
    return row;
};

const waterfall = new Rows(element("spans"), ruler(), spanRow, fillSpanRow, (one, isChosen, event) => {
    const isFold = event && event.target.closest && event.target.closest(".fold");
    if (isChosen && one.children.length && (isFold || event.type === "keydown"))
        toggle(one, trace.folded.has(one.span.spanId));
    showDetails(one);
});

const toggle = (one, isOpen) => {
    if (isOpen)
        trace.folded.delete(one.span.spanId);
    else
        trace.folded.add(one.span.spanId);
    unfold();
};

element("spans").addEventListener("keydown", event => {
    const one = trace.visible[waterfall.active];
    if (!one || (event.key !== "ArrowLeft" && event.key !== "ArrowRight"))
        return;
    event.preventDefault();
    const isOpen = one.children.length > 0 && !trace.folded.has(one.span.spanId);
    if (event.key === "ArrowRight" && one.children.length)
        toggle(one, true);
    else if (event.key === "ArrowLeft" && isOpen)
        toggle(one, false);
    else if (event.key === "ArrowLeft")
        waterfall.activate(trace.visible.findLastIndex((other, i) => i < waterfall.active && other.level < one.level), false);
});

// ---- details ----

const addPairs = (to, title, pairs) => {
    if (!pairs.length)
        return;
    const listed = make("dl");
    for (const [key, value] of pairs)
        listed.append(Object.assign(make("dt"), {textContent: key}),
            value instanceof Node ? make("dd", "", value) : Object.assign(make("dd"), {textContent: value}));
    to.append(Object.assign(make("h3"), {textContent: title}), listed);
};

const linkTo = link => {
    const made = make("a", "code");
    made.href = `#/trace/${link.traceId}/${link.spanId}`;
    made.textContent = `${link.traceId} ${link.spanId}`;
    return made;
};

const dropped = count => count ? [["dropped", String(count)]] : [];

const showDetails = one => {
    const {span, scope} = one;
    const to = make("div");
    to.append(Object.assign(make("h2"), {textContent: span.name || "(no name)"}));
    const status = ["unset", "ok", "error"][(span.status || {}).code || 0] || "unset";
    addPairs(to, "Span", [
        ["service", one.service], ["kind", KINDS[span.kind || 0] || "unset"],
        ["started", `+${duration(one.start)}`], ["took", duration(one.took)],
        ["status", span.status && span.status.message ? `${status}: ${span.status.message}` : status],
        ["id", span.spanId || ""], ["parent", span.parentSpanId || "none"],
        ...(span.traceState ? [["trace state", span.traceState]] : []),
    ]);
    addPairs(to, "Attributes", [...pairsOf(span.attributes), ...dropped(span.droppedAttributesCount)]);
    (span.events || []).forEach((event, i) =>
        addPairs(to, `Event: ${event.name || "(no name)"}`, [["at", `+${duration(Math.max(0, one.events[i]))}`],
            ...pairsOf(event.attributes), ...dropped(event.droppedAttributesCount)]));
    addPairs(to, "Events", dropped(span.droppedEventsCount));
    for (const link of span.links || [])
        addPairs(to, "Link", [["to", linkTo(link)], ...pairsOf(link.attributes), ...dropped(link.droppedAttributesCount)]);
    addPairs(to, "Links", dropped(span.droppedLinksCount));
    addPairs(to, "Resource", one.resource);
    addPairs(to, "Scope", [...(scope.name ? [["name", scope.name]] : []),
        ...(scope.version ? [["version", scope.version]] : []), ...pairsOf(scope.attributes)]);
    element("details").replaceChildren(to);
};

// ---- a trace ----

const showHead = base => {
    const first = trace.spans[0];
    const services = new Set(trace.spans.map(one => one.service));
    const errors = trace.spans.filter(one => one.hasFailed).length;
    const source = make("a");
    source.href = `/api/trace/${trace.id}`;
    source.textContent = "OTLP JSON";
    setText(element("trace-name"), `${first.service}: ${first.span.name || "(no name)"}`);
    const at = new Date(Number(base / 1000000n));
    element("trace-facts").replaceChildren(
        `${at.toLocaleString()} · ${duration(trace.took)} · ${plural(trace.spans.length, "span")} · ` +
        `${plural(services.size, "service")}${errors ? ` · ${plural(errors, "error")}` : ""} · `,
        Object.assign(make("span", "code"), {textContent: trace.id}), " · ", source);
    element("spans").querySelectorAll(".ruler span").forEach((mark, i) =>
        setText(mark, duration(trace.took * (i + 1) / 4)));
};

const showTrace = (request, spanId) => {
    const spans = flatten(request);
    const [base, took] = measure(spans);
    trace.took = took;
    trace.spans = arrange(spans);
    waterfall.active = -1;
    unfold();
    showHead(base);
    const active = trace.visible.findIndex(one => one.span.spanId === spanId);
    waterfall.activate(Math.max(0, active), false);
};

const updateTrace = async (id, spanId) => {
    const known = list.byId.get(id);
    const version = known ? known[VERSION] : 0;
    if (trace.id === id && trace.version === version && !spanId)
        return;
    const isNew = trace.id !== id;
    const active = trace.visible[waterfall.active];
    Object.assign(trace, {id, version});
    if (isNew)
        trace.folded.clear();
    try {
        const request = await ask(`/api/trace/${id}`);
        if (trace.id === id)
            showTrace(request, spanId || (!isNew && active ? active.span.spanId : ""));
    } catch (error) {
        trace.id = "";
        if (!error.status)
            throw error;
        trace.spans = [];
        unfold();
        setText(element("trace-name"), "This trace is not here, or not any more.");
        element("trace-facts").replaceChildren();
        element("details").replaceChildren();
    }
};
