const NODE = {width: 170, height: 46, across: 250, down: 78, margin: 24};

// A node stands right of all that call it; a circle is cut where it would go round again.
const rank = (nodes, edges) => {
    const ranks = nodes.map(() => 0);
    for (let round = 0; round < nodes.length; round++) {
        let hasMoved = false;
        for (const [from, to] of edges)
            if (from !== to && ranks[to] <= ranks[from] && ranks[from] + 1 < nodes.length) {
                ranks[to] = ranks[from] + 1;
                hasMoved = true;
            }
        if (!hasMoved)
            break;
    }
    return ranks;
};

// Ranks that a circle has left empty are closed.
const positions = (nodes, edges) => {
    const ranks = rank(nodes, edges);
    const used = [...new Set(ranks)].sort((a, b) => a - b);
    const filled = used.map(() => 0);
    return nodes.map((_, i) => {
        const column = used.indexOf(ranks[i]);
        return {x: NODE.margin + column * NODE.across, y: NODE.margin + filled[column]++ * NODE.down};
    });
};

const short = (text, limit) => text.length > limit ? `${text.slice(0, limit - 1)}…` : text;

const write = (x, y, className, text, anchor = "start") => {
    const made = draw("text", {x, y, class: className, "text-anchor": anchor});
    made.textContent = text;
    return made;
};

const drawNode = ([name, isService, spans, errors], {x, y}) => {
    const group = draw("g", {class: isService ? "" : "outside"},
        draw("rect", {x, y, width: NODE.width, height: NODE.height, rx: 6}),
        write(x + 12, y + 20, "", short(name, 21)),
        write(x + 12, y + 36, "small", isService
            ? `${plural(spans, "span")}${errors ? `, ${plural(errors, "error")}` : ""}` : "called from here"));
    const title = draw("title", {});
    title.textContent = name;
    group.prepend(title);
    return group;
};

// One that leads back, or over other columns, goes round below what lies between.
const drawEdge = ([, , calls, errors], from, to) => {
    const isBack = to.x <= from.x;
    const isLong = isBack || to.x - from.x > NODE.across;
    const x1 = from.x + NODE.width, y1 = from.y + NODE.height / 2 + (isLong ? 8 : 0);
    const x2 = isBack ? to.x + NODE.width : to.x, y2 = to.y + NODE.height / 2 + (isLong ? 8 : 0);
    const bend = isBack ? 70 : Math.min(140, (x2 - x1) / 2);
    const below = isLong ? Math.max(y1, y2) + 72 : 0;
    const [c1, c2] = isLong ? [below, below] : [y1, y2];
    const cx1 = x1 + bend, cx2 = isBack ? x2 + bend : x2 - bend;
    const path = draw("path", {
        d: `M${x1} ${y1}C${cx1} ${c1} ${cx2} ${c2} ${x2} ${y2}`,
        "marker-end": "url(#arrow)", class: errors ? "failed" : "",
    });
    return [path, write((x1 + 3 * cx1 + 3 * cx2 + x2) / 8, (y1 + 3 * c1 + 3 * c2 + y2) / 8 + 4,
        "label-of-edge", calls.toLocaleString("en"), "middle")];
};

const drawMap = ({nodes, edges}) => {
    const at = positions(nodes, edges);
    const width = Math.max(0, ...at.map(one => one.x)) + NODE.width + 3 * NODE.margin;
    const height = Math.max(0, ...at.map(one => one.y)) + NODE.height + 3 * NODE.margin;
    const arrow = draw("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4,
        markerWidth: 7, markerHeight: 7, orient: "auto"}, draw("path", {d: "M0 0L8 4L0 8z"}));
    element("drawing").replaceChildren(draw("svg", {width, height, role: "img",
        "aria-label": `${plural(nodes.length, "service")} and what they call; the table has the same`},
        draw("defs", {}, arrow),
        ...edges.flatMap(edge => drawEdge(edge, at[edge[0]], at[edge[1]])),
        ...nodes.map((node, i) => drawNode(node, at[i]))));
};

const map = {version: -1};

const updateMap = async () => {
    if (map.version === list.version && map.instance === list.instance)
        return;
    const answer = await ask("/api/map");
    Object.assign(map, {version: answer.version, instance: list.instance});
    drawMap(answer);
    element("no-calls").hidden = answer.edges.length > 0;
    element("calls").replaceChildren(...answer.edges.sort((a, b) => b[2] - a[2]).map(
        ([from, to, calls, errors, total]) => make("tr", "", ...[answer.nodes[from][0], answer.nodes[to][0],
            calls.toLocaleString("en"), String(errors), duration(total / calls)]
            .map(text => Object.assign(make("td"), {textContent: text})))));
};
