"""The invented companies: words, people, sizes. Every name in here is made up; mail addresses end in .example."""
