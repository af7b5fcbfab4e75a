// A trace in the list's answer.
const [NUMBER, VERSION, ID, SERVICE, NAME, START, TOOK, SPANS, ERRORS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const list = {rows: [], byId: new Map(), version: 0, instance: null, longest: 1};

const listRow = () => {
    const text = make("span", "text");
    const fill = make("div", "fill");
    const took = cell("took");
    took.append(make("div", "track", fill), text);
    const row = make("div", "", cell("time quiet"), cell("service"), cell("name"),
        cell("spans number quiet"), cell("errors number"), took);
    row.parts = {fill, text};
    return row;
};

const fillListRow = (row, trace) => {
    const [time, service, name, spans, errors] = row.children;
    setText(time, clock(trace[START]));
    setText(service, trace[SERVICE]);
    colour(service, trace[SERVICE]);
    setText(name, trace[NAME] || "(no name)");
    setText(spans, String(trace[SPANS]));
    setText(errors, trace[ERRORS] ? plural(trace[ERRORS], "error") : "");
    setText(row.parts.text, duration(trace[TOOK]));
    row.parts.fill.style.width = `${100 * trace[TOOK] / list.longest}%`;
    row.classList.toggle("failed", trace[ERRORS] > 0);
};

const traces = new Rows(element("traces"),
    headOf(["time", "Started"], ["service", "Service"], ["name", "Name"], ["spans number", "Spans"],
        ["errors number", "Errors"], ["took number", "Duration"]),
    listRow, fillListRow, (trace, isChosen) => {
        if (isChosen)
            location.hash = `#/trace/${trace[ID]}`;
    });

// ---- the histogram ----

const BARS = 40;

const showLatency = () => {
    const sorted = Float64Array.from(list.rows, trace => trace[TOOK]).sort();
    element("latency").hidden = !sorted.length;
    if (!sorted.length)
        return;
    const at = part => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    const least = Math.log(Math.max(1, sorted[0]));
    const width = Math.max(1e-9, Math.log(Math.max(1, at(1))) - least);
    const counts = new Array(BARS).fill(0);
    for (const ns of sorted)
        counts[Math.min(BARS - 1, Math.floor(BARS * (Math.log(Math.max(1, ns)) - least) / width))]++;
    const most = Math.max(...counts);
    element("histogram").replaceChildren(...counts.map((count, i) => {
        const height = count ? Math.max(1.5, 58 * count / most) : 0;
        return draw("rect", {x: i * 600 / BARS + .5, width: 600 / BARS - 1, y: 60 - height, height});
    }));
    const said = [["p50", .5], ["p95", .95], ["p99", .99], ["longest", 1]]
        .map(([name, part]) => `${name} ${duration(at(part))}`).join(" · ");
    setText(element("quantiles"), said);
    element("histogram").setAttribute("aria-label", `Durations on a logarithmic scale: ${said}`);
    list.longest = Math.max(1, at(1));
};

// ---- the search ----

const searchOf = () => {
    const search = new URLSearchParams();
    for (const [name, value] of [["q", element("q").value], ["service", element("service").value],
        ["least_ms", element("least").value], ["errors", element("errors").checked ? "1" : ""]])
        if (value)
            search.set(name, value);
    return search;
};

const readSearch = text => {
    const search = new URLSearchParams(text);
    element("q").value = search.get("q") || "";
    element("least").value = search.get("least_ms") || "";
    element("errors").checked = search.get("errors") === "1";
    const service = search.get("service") || "";
    if (service && ![...element("service").options].some(option => option.value === service))
        element("service").append(new Option(service, service));
    element("service").value = service;
};

const showServices = services => {
    const select = element("service");
    const known = new Set([...select.options].map(option => option.value));
    for (const service of services.sort())
        if (!known.has(service))
            select.append(new Option(service, service));
};

// ---- what is new ----

const forget = () => {
    Object.assign(list, {rows: [], byId: new Map(), version: 0});
    traces.active = -1;
};

const takeTraces = answer => {
    const fresh = [];
    for (const trace of answer.traces) {
        const known = list.byId.get(trace[ID]);
        if (known && known[NUMBER] === trace[NUMBER]) {
            Object.assign(known, trace);
        } else {
            list.byId.set(trace[ID], trace);
            fresh.push(trace);
        }
    }
    const isOld = trace => trace[VERSION] < answer.oldest;
    const kept = list.rows.some(isOld) ? list.rows.filter(trace => !isOld(trace)) : list.rows;
    if (kept !== list.rows)
        for (const trace of list.rows)
            if (isOld(trace) && list.byId.get(trace[ID]) === trace)
                list.byId.delete(trace[ID]);
    list.rows = fresh.sort((a, b) => b[NUMBER] - a[NUMBER]).concat(kept);
    return {hasChanged: answer.traces.length > 0 || kept.length !== list.rows.length, added: fresh.length};
};

// Who reads further down keeps the row that he reads in its place.
const showTraces = added => {
    const box = element("traces");
    const isReading = box.scrollTop > traces.height / 2;
    if (traces.active >= 0)
        traces.active += added;
    traces.show(list.rows);
    if (isReading && added) {
        traces.space.style.height = `${list.rows.length * traces.height}px`;
        box.scrollTop += added * traces.height;
    }
};

const showCounts = answer => {
    setText(element("counts"), `${plural(answer.trace_count, "trace")}, ${plural(answer.spans, "span")}` +
        (answer.evicted ? `; ${plural(answer.evicted, "older span")} left` : "") +
        (answer.refused ? `; ${answer.refused} refused` : ""));
    element("empty").hidden = answer.trace_count > 0;
    element("traces").hidden = !list.rows.length;
    element("nothing").hidden = list.rows.length > 0 || !answer.trace_count;
};

// True: something is new. What was asked for another search by then is not taken.
let turn = 0;
const updateList = async () => {
    const mine = ++turn;
    const search = searchOf();
    search.set("since", list.version);
    const answer = await ask(`/api/traces?${search}`);
    if (mine !== turn)
        return false;
    if (list.instance !== null && list.instance !== answer.instance) {
        forget();
        list.instance = answer.instance;
        return updateList();
    }
    const isFirst = list.version === 0;
    list.instance = answer.instance;
    list.version = answer.version;
    const {hasChanged, added} = takeTraces(answer);
    showServices(answer.services);
    if (hasChanged || isFirst) {
        showLatency();
        showTraces(isFirst ? 0 : added);
    }
    showCounts(answer);
    if (isFirst)
        setText(element("said"), `${plural(list.rows.length, "trace")} found`);
    return hasChanged;
};
