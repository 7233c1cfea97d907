"""A stand-in for the plugin of pulumiverse-vercel, which no package registry has.

It serves the resources that the platform uses, as version 5.21.1 does: the same tokens and inputs, against the API that
``rehearsal/vercel_cloud`` stands in for, by the routes that the official provider calls (terraform-provider-vercel 5).
What is different: VERCEL_API_URL says where the API is, and inputs that the platform does not use are refused.
"""
