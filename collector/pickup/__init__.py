"""Mail that lies in somebody's box already: fetched, made durable, and only then put away."""
