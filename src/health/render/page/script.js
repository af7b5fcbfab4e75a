(() => {
    const element = id => document.getElementById(id);
    const pause = element("pause");
    const every = 5000;
    let paused = false;
    let timer = 0;

    // Only what has changed is said to who listens to the page.
    const show = page => {
        const next = page.querySelector("main");
        if (!next)
            throw new Error("this is no page of ours");
        document.querySelector("main").replaceWith(next);
        element("icon").href = page.getElementById("icon").getAttribute("href");
        if (document.title !== page.title)
            element("said").textContent = document.title = page.title;
    };

    const update = async () => {
        clearTimeout(timer);
        if (!paused && !document.hidden) {
            try {
                const answer = await fetch(location.href, {
                    headers: {Accept: "text/html"},
                    cache: "no-store",
                    signal: AbortSignal.timeout(2 * every),
                });
                show(new DOMParser().parseFromString(await answer.text(), "text/html"));
                element("lost").hidden = true;
            } catch (error) {
                element("lost").hidden = false;
            }
        }
        timer = setTimeout(update, every);
    };

    pause.hidden = false;
    pause.onclick = () => {
        paused = !paused;
        pause.textContent = paused ? "Resume updates" : "Pause updates";
        update();
    };
    document.onvisibilitychange = update;
    timer = setTimeout(update, every);
})();
