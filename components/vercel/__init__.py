"""The public sites at Vercel."""
