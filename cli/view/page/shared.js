"use strict";

const element = id => document.getElementById(id);

// What spans say is text, never markup: nothing here writes HTML.
const make = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className)
        made.className = className;
    made.append(...children);
    return made;
};

const draw = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes))
        made.setAttribute(name, value);
    made.append(...children);
    return made;
};

const setText = (of, text) => {
    if (of.textContent !== text)
        of.textContent = text;
};

const duration = ns => {
    for (const [limit, unit] of [[1e3, "ns"], [1e6, "µs"], [1e9, "ms"]])
        if (ns < limit)
            return `${+(ns / (limit / 1e3)).toPrecision(3)} ${unit}`;
    return ns < 6e10 ? `${+(ns / 1e9).toPrecision(3)} s` : `${+(ns / 6e10).toPrecision(3)} min`;
};

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const two = number => String(number).padStart(2, "0");
const clock = us => {
    const at = new Date(us / 1000);
    const ms = String(at.getMilliseconds()).padStart(3, "0");
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
};

// A service has its colour for as long as it has its name.
const hues = new Map();
const hueOf = service => {
    if (!hues.has(service)) {
        let hash = 7;
        for (const character of service)
            hash = (hash * 31 + character.codePointAt(0)) >>> 0;
        hues.set(service, (hash * 137) % 360);
    }
    return hues.get(service);
};
const colour = (of, service) => of.style.setProperty("--hue", hueOf(service));

// Many rows, of which only those in sight are there. Each is made once by `build`, and given what it
// shows by `fill`, as the rows are scrolled.
class Rows {
    constructor(box, head, build, fill, choose) {
        Object.assign(this, {box, build, fill, choose, items: [], active: -1, pool: []});
        this.head = make("div", "head", head);
        this.space = make("div", "space");
        this.head.setAttribute("role", "rowgroup");
        this.space.setAttribute("role", "rowgroup");
        box.append(this.head, this.space);
        box.addEventListener("scroll", () => this.ask(), {passive: true});
        box.addEventListener("keydown", event => this.press(event));
        this.space.addEventListener("click", event => {
            const row = event.target.closest(".row");
            if (row)
                this.activate(row.index, true, event);
        });
        new ResizeObserver(() => this.ask()).observe(box);
    }

    get height() {
        return parseFloat(getComputedStyle(this.head.firstChild).getPropertyValue("--row")) *
            parseFloat(getComputedStyle(document.documentElement).fontSize);
    }

    show(items) {
        this.items = items;
        this.box.setAttribute("aria-rowcount", items.length + 1);
        if (this.active >= items.length)
            this.active = items.length - 1;
        this.ask();
    }

    ask() {
        this.asked ||= requestAnimationFrame(() => {
            this.asked = 0;
            this.render();
        });
    }

    render() {
        const height = this.height;
        const sight = this.box.clientHeight;
        const first = Math.max(0, Math.floor(this.box.scrollTop / height) - 4);
        const count = Math.min(this.items.length - first, Math.ceil(sight / height) + 8);
        this.space.style.height = `${this.items.length * height}px`;
        while (this.pool.length < count) {
            const row = this.build();
            row.classList.add("row");
            row.setAttribute("role", "row");
            this.pool.push(row);
            this.space.append(row);
        }
        this.pool.forEach((row, i) => this.place(row, i < count ? first + i : -1, height));
        const active = this.pool.find(row => row.index === this.active && !row.hidden);
        if (active)
            this.box.setAttribute("aria-activedescendant", active.id);
        else
            this.box.removeAttribute("aria-activedescendant");
    }

    place(row, index, height) {
        row.hidden = index < 0;
        if (row.hidden)
            return;
        row.index = index;
        row.id = `${this.box.id}-${index}`;
        row.style.transform = `translateY(${index * height}px)`;
        row.setAttribute("aria-rowindex", index + 2);
        row.classList.toggle("active", index === this.active);
        row.setAttribute("aria-selected", index === this.active);
        this.fill(row, this.items[index]);
    }

    reveal(index) {
        const height = this.height;
        const top = index * height;
        const sight = this.box.clientHeight - this.head.offsetHeight;
        if (top < this.box.scrollTop)
            this.box.scrollTop = top;
        else if (top + height > this.box.scrollTop + sight)
            this.box.scrollTop = top + height - sight;
    }

    activate(index, isChosen, event) {
        if (!this.items.length)
            return;
        this.active = Math.max(0, Math.min(index, this.items.length - 1));
        this.reveal(this.active);
        this.render();
        this.choose(this.items[this.active], isChosen, event);
    }

    press(event) {
        const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 2);
        const moves = {
            ArrowUp: this.active - 1, ArrowDown: this.active + 1, PageUp: this.active - page,
            PageDown: this.active + page, Home: 0, End: this.items.length - 1,
        };
        if (event.altKey || event.ctrlKey || event.metaKey)
            return;
        if (event.key in moves)
            this.activate(moves[event.key], false, event);
        else if (event.key === "Enter" || event.key === " ")
            this.activate(this.active, true, event);
        else
            return;
        event.preventDefault();
    }
}

const cell = (className, role = "gridcell") => {
    const made = make("div", className);
    made.setAttribute("role", role);
    return made;
};

const headOf = (...columns) => {
    const row = make("div", "row", ...columns.map(([className, text]) => {
        const column = cell(className, "columnheader");
        column.textContent = text;
        return column;
    }));
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", 1);
    return row;
};

const ask = async path => {
    const answer = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(30000)});
    if (!answer.ok)
        throw Object.assign(new Error(await answer.text()), {status: answer.status});
    return answer.json();
};
