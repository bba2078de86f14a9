// The task, as HTML that labd made from Markdown and sanitized; the page's content security policy lets
// nothing in it run either.
import { useEffect, useRef } from 'preact/hooks';

export function Instructions({ html }: { html: string }) {
    const text = useRef<HTMLElement>(null);
    // What scrolls sideways must be reachable by keyboard.
    useEffect(() => {
        for (const el of text.current?.querySelectorAll<HTMLElement>('pre, table') ?? []) el.tabIndex = 0;
    }, [html]);
    return <article class="prose" aria-label="Instructions" ref={text} dangerouslySetInnerHTML={{ __html: html }} />;
}
