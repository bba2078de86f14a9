// The task, as HTML that labd made from Markdown and sanitized; the page's content security policy lets
// nothing in it run either.
export function Instructions({ html }: { html: string }) {
    return <article class="prose" aria-label="Instructions" dangerouslySetInnerHTML={{ __html: html }} />;
}
