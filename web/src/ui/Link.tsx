// A link inside the application: a real address, followed without loading the page anew.
import type { ComponentChildren, JSX } from 'preact';
import { navigate } from '../model/route';

interface Props {
    href: string;
    children: ComponentChildren;
    class?: string;
    'aria-current'?: 'page' | undefined;
    'aria-label'?: string;
}

export function Link({ href, children, ...rest }: Props) {
    const follow = (e: JSX.TargetedMouseEvent<HTMLAnchorElement>) => {
        if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
        e.preventDefault();
        navigate(href);
    };
    return (
        <a href={href} onClick={follow} {...rest}>
            {children}
        </a>
    );
}
